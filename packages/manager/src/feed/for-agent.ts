import type { AgentChange, AgentRow, Change, Kind, RowOf, ToAgent } from '@openvnet/model';
import type { Store } from '@openvnet/store';

/** The whole store as agents get it. */
export function snapshotForAgent(store: Store): Pick<Extract<ToAgent, { type: 'snapshot' }>, 'revision' | 'rows'> {
  const { revision, rows } = store.snapshot();
  const sent = Object.entries(rows).map(([kind, all]) => [kind, all.map(forAgent)]);
  return { revision, rows: Object.fromEntries(sent) };
}

/** A change as agents get it. */
export function changeForAgent({ kind, id, row }: Change): AgentChange {
  return { kind, id, row: row && forAgent(row) } as AgentChange;
}

function forAgent<K extends Kind>({ created_at, updated_at, ...row }: RowOf<K>): AgentRow<K> {
  return row;
}
