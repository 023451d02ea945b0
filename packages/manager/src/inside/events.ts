import { type Event, type EventsAnswer, integer } from '@openvnet/model';
import type { Logged, Store } from '@openvnet/store';
import type { Endpoint, Parameter } from '../api/endpoint.ts';
import { readParameters } from '../api/parameters.ts';
import type { Inside } from './inside.ts';

const mostRevisions = 1000;
const usual = { limit: 50, wait: 0 } as const;
/** What follows from the rest, and says nothing to people. */
const unsaid = new Set(['id', 'uuid', 'created_at', 'updated_at']);

const parameters: readonly Parameter[] = [
  {
    name: 'after',
    field: integer({
      min: 0,
      max: Number.MAX_SAFE_INTEGER,
      optional: true,
      doc: 'Only changes after this revision; the newest by default.',
    }),
    required: false,
  },
  {
    name: 'limit',
    field: integer({ min: 1, max: mostRevisions, default: usual.limit, doc: 'Show at most this many revisions.' }),
    required: false,
  },
  {
    name: 'wait',
    field: integer({
      min: 0,
      max: 25,
      unit: 'seconds',
      default: usual.wait,
      doc: 'How long to wait if there is no change yet.',
    }),
    required: false,
  },
];

/** `GET /events`: the log of changes, and news as it comes. */
export function eventsEndpoint({ store }: Inside): Endpoint {
  return {
    method: 'GET',
    path: '/events',
    doc: 'Shows the history: objects that were created, changed and deleted, by whom and why, oldest first.',
    group: 'inside',
    parameters,
    answer: { shape: 'object' },
    large: true,
    handle: async ({ given, signal }): Promise<EventsAnswer> => {
      const {
        after,
        limit = usual.limit,
        wait = usual.wait,
      } = readParameters(parameters, given) as {
        after?: number;
        limit?: number;
        wait?: number;
      };
      const from = after ?? Math.max(0, store.revision - limit);
      if (from >= store.revision && wait > 0) await newsOf(store, from, wait * 1000, signal);
      const logged = await store.logAfter(from, limit);
      return { revision: logged.at(-1)?.revision ?? Math.min(from, store.revision), events: logged.map(eventOf) };
    },
  };
}

/** Returns when there is a revision after `revision`, after `waitMs`, or when nobody waits any more. */
function newsOf(store: Store, revision: number, waitMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      leave();
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, waitMs);
    const leave = store.subscribe((commit) => commit.revision > revision && end());
    signal.addEventListener('abort', end);
    if (signal.aborted) end();
  });
}

function eventOf({ id, kind, removed, before, after, ...said }: Logged): Event {
  const [was, is] = [before ?? {}, after ?? {}] as [Columns, Columns];
  const names = Object.keys({ ...was, ...is }).filter((name) => !unsaid.has(name) && was[name] !== is[name]);
  const uuid = is.uuid ?? was.uuid;
  return {
    ...said,
    action: removed ? 'remove' : before ? 'change' : 'add',
    kind,
    id,
    uuid: typeof uuid === 'string' && uuid !== '' ? uuid : null,
    fields: Object.fromEntries(names.map((name) => [name, { from: was[name] ?? null, to: is[name] ?? null }])),
  };
}

type Columns = Readonly<Record<string, unknown>>;
