/**
 * Agents that hold the flows of another store. They are told nothing, and their switches go on as they are, until an
 * operator confirms that this store takes the place of that one: what it lacks would be deleted.
 */
import { type BridgeReport, shell } from '@openvnet/model';

/** What an agent is told, and status shows, while nobody has confirmed it. */
export function unconfirmed(node: string, { its, ours }: { its: string; ours: string }): string {
  const adopt = shell`vnctl datapaths adopt DATAPATH`;
  return `agent ${node} has flows of store ${its}, but this manager serves store ${ours}; the switches keep their flows. Restore that store with: vnmgr restore FILE. To use this store instead, first see which flows would be deleted: ${adopt}`;
}

/** What can be shown of a switch whose agent is told nothing: that it is there. Its numbers are those of another store. */
export function withoutClaims(bridges: readonly BridgeReport[], reason: string): readonly BridgeReport[] {
  return bridges.map((bridge) => ({ ...bridge, revision: null, problem: reason }));
}
