import type { BridgeState, Ovsdb } from '@openvnet/ovsdb';
import type { Slice } from '../feed/slice.ts';

/** The bridges of this host by datapath id. */
export function bridgesByDpid({ bridges }: Pick<Ovsdb, 'bridges'>): Map<string, BridgeState> {
  const known = [...bridges.values()].filter(({ dpid }) => dpid !== undefined);
  return new Map(known.map((bridge) => [hex(bridge.dpid!), bridge]));
}

/** Id of the datapath that is registered with `dpid`; of several, the one of `node`, otherwise the oldest. */
export function registeredAs({ relations }: Pick<Slice, 'relations'>, node: string, dpid: string): number | undefined {
  const rows = relations.datapath.where('dpid', dpid);
  return (rows.find(({ node_id }) => node_id === node) ?? rows[0])?.id;
}

/** A datapath id in the form of the API: sixteen digits. */
export function hex(dpid: bigint): string {
  return dpid.toString(16).padStart(16, '0');
}
