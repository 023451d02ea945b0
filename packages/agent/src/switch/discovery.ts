import type { BridgeState, Ovsdb } from '@openvnet/ovsdb';
import type { Slice } from '../feed/slice.ts';

/** The bridges of this host that have a datapath id, by that. */
export function bridgesByDpid({ bridges }: Pick<Ovsdb, 'bridges'>): Map<string, BridgeState> {
  const known = [...bridges.values()].filter(({ dpid }) => dpid !== undefined);
  return new Map(known.map((bridge) => [hex(bridge.dpid!), bridge]));
}

/** Id of the datapath that is registered with `dpid`; where there are several, the one of `node`, or else the oldest. */
export function registeredAs({ relations }: Pick<Slice, 'relations'>, node: string, dpid: string): number | undefined {
  const rows = relations.datapath.where('dpid', dpid);
  return (rows.find(({ node_id }) => node_id === node) ?? rows[0])?.id;
}

/** A datapath id as the API has it: sixteen digits. */
export function hex(dpid: bigint): string {
  return dpid.toString(16).padStart(16, '0');
}
