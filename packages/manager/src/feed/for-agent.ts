import {
  type AgentChange,
  type AgentRow,
  type Change,
  type Kind,
  kinds,
  type RowOf,
  type ToAgent,
} from '@openvnet/model';
import type { Reader } from '@openvnet/store';
import { mapInOrder } from '../in-order.ts';

/** The rows of these kinds as agents get them. */
export async function snapshotForAgent(
  reader: Reader,
  sent: (kind: Kind) => boolean = () => true,
): Promise<Pick<Extract<ToAgent, { type: 'snapshot' }>, 'revision' | 'rows'>> {
  // Kind by kind, so that only one has its rows in memory twice.
  const rows = await mapInOrder(kinds.filter(sent), async (kind) => [
    kind,
    (await reader.find(kind, {})).map(forAgent),
  ]);
  return { revision: reader.revision, rows: Object.fromEntries(rows) };
}

/** A change as agents get it. */
export function changeForAgent({ kind, id, row }: Change): AgentChange {
  return { kind, id, row: row && forAgent(row) } as AgentChange;
}

export function forAgent<K extends Kind>({ created_at, updated_at, ...row }: RowOf<K>): AgentRow<K> {
  return row;
}
