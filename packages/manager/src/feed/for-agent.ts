import {
  type AgentChange,
  type AgentRow,
  type Change,
  type Kind,
  kinds,
  type RowOf,
  type ToAgent,
} from '@openvnet/model';
import type { Store } from '@openvnet/store';

/** The whole store as agents get it. */
export function snapshotForAgent(store: Store): Pick<Extract<ToAgent, { type: 'snapshot' }>, 'revision' | 'rows'> {
  // Kind by kind, so that only one has its rows in memory twice.
  const rows = kinds.map((kind) => [kind, store.find(kind, {}).map(forAgent)]);
  return { revision: store.revision, rows: Object.fromEntries(rows) };
}

/** A change as agents get it. */
export function changeForAgent({ kind, id, row }: Change): AgentChange {
  return { kind, id, row: row && forAgent(row) } as AgentChange;
}

function forAgent<K extends Kind>({ created_at, updated_at, ...row }: RowOf<K>): AgentRow<K> {
  return row;
}
