import type { ExplainAnswer, Related } from '@openvnet/model';
import { type Context, forEach } from '../context.ts';
import { betweenAnswers, counted, heading, type Io, styled, write } from '../output.ts';
import { statusText } from '../status-text.ts';

/** Says all that there is to say of objects. */
export async function showExplained(context: Context, uuids: readonly string[]): Promise<void> {
  const { io, client, settings } = context;
  await forEach(context, uuids, async (uuid) => {
    const answer = await client.explain(uuid);
    if (uuid !== uuids[0]) io.out(betweenAnswers(settings.output));
    await write(io, settings.output, answer, (shown) => explainText(io, shown));
  });
}

export function explainText(io: Io, answer: ExplainAnswer): string {
  const { uuid, kind, doc, fields, part_of, referred_to_by, status, details = [], flows, notes } = answer;
  const width = Math.max(0, ...fields.map(({ name, value }) => name.length + value.length + 2));
  const parts = [
    `${heading(io, uuid)}: ${kind.replaceAll('_', ' ')}. ${doc}`,
    `${heading(io, 'status')}  ${statusText(io, status)}`,
    // Managers of older versions say none.
    ...details.map((detail) => `  ${detail}`),
    ...fields.map(
      ({ name, value, doc: means }) => `  ${`${name}  ${value}`.padEnd(width)}  ${styled(io, 'dim', means)}`,
    ),
    ...related(io, 'part of', part_of),
    ...related(io, 'referred to by', referred_to_by),
    heading(io, flows.length === 0 ? 'flows  none' : 'flows'),
    ...flows.map((own) =>
      `  ${own.feature}: ${counted(own.flows, 'flow')}, ${counted(own.packets, 'packet')}. ${own.doc}`.trimEnd(),
    ),
    ...notes.map((note) => `note: ${note}`),
  ];
  return parts.join('\n');
}

function related(io: Io, title: string, all: readonly Related[]): string[] {
  if (all.length === 0) return [];
  return [
    heading(io, title),
    ...all.map(({ kind, name, parameter }) => `  ${kind.replaceAll('_', ' ')} ${name}  (${parameter})`),
  ];
}
