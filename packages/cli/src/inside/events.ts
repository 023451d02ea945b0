import type { Event } from '@openvnet/model';
import type { Context } from '../context.ts';
import { type Io, styled, write } from '../output.ts';

export interface EventsOptions {
  readonly after?: string;
  readonly limit?: string;
  readonly follow?: boolean;
}

/** How long one request waits for news, seconds. */
const wait = 20;
const signs = { add: ['+', 'green'], change: ['~', 'yellow'], remove: ['-', 'red'] } as const;

/** Shows changes, and goes on with news where asked. */
export async function showEvents({ io, client, settings }: Context, options: EventsOptions): Promise<void> {
  const limit = options.limit === undefined ? {} : { limit: Number(options.limit) };
  let after = options.after === undefined ? undefined : Number(options.after);
  for (let isFirst = true; isFirst || options.follow; isFirst = false) {
    const news = isFirst ? {} : { wait };
    const answer = await client.events({ ...limit, ...news, ...(after !== undefined && { after }) });
    after = answer.revision;
    if (answer.events.length === 0 && !isFirst) continue;
    await write(io, settings.output, answer, (shown) => eventsText(io, shown.events));
  }
}

/** A line for each revision, and under it one for each object. */
export function eventsText(io: Io, events: readonly Event[]): string {
  if (events.length === 0) return 'nothing has changed';
  return [...Map.groupBy(events, ({ revision }) => revision)]
    .map(([revision, [first, ...others]]) => {
      const { time, author, message } = first!;
      const why = message === null ? '' : `: ${message}`;
      const when = time?.replace('T', ' ').replace(/\.\d+Z?$|Z$/, ' UTC') ?? 'long ago';
      return [
        styled(io, 'bold', `revision ${revision}  ${when}  ${author}${why}`),
        ...[first!, ...others].map((event) => `  ${eventText(io, event)}`),
      ].join('\n');
    })
    .join('\n');
}

function eventText(io: Io, { action, kind, id, uuid, fields }: Event): string {
  const [sign, colour] = signs[action];
  const name = `${kind.replaceAll('_', ' ')} ${uuid ?? id}`;
  const moved =
    action === 'change'
      ? Object.entries(fields).map(([column, { from, to }]) => `${column} ${from ?? '-'} → ${to ?? '-'}`)
      : [];
  return `${styled(io, colour, `${sign} ${name}`)}${moved.length > 0 ? `  ${moved.join(', ')}` : ''}`;
}
