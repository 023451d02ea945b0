import type { RowOf } from './resources/index.ts';

/** The kinds of rows that name a network or segment for an interface to join to its port. */
type Naming =
  | 'ip_lease'
  | 'mac_lease'
  | 'interface_network'
  | 'interface_segment'
  | 'datapath_network'
  | 'datapath_segment';

/** The rows of an interface; those of datapaths are of the one where it is. */
export type UplinkRows = {
  readonly [K in Naming]: readonly Pick<RowOf<K>, 'id' | Extract<keyof RowOf<K>, 'network_id' | 'segment_id'>>[];
};

/** A network or segment, by its number. */
export interface Joined {
  readonly kind: 'network' | 'segment';
  readonly id: number;
}

/**
 * The networks and segments that an uplink could join to its port, in order of precedence: the interface's own leases, its static
 * associations, relations of its datapath; the oldest first. A port without VLAN tags carries the first of them only. An interface
 * of mode `host` joins only those of mode `physical`, because a host carries virtual networks by other means.
 */
export function joinedByUplink(
  mode: RowOf<'interface'>['mode'],
  rows: UplinkRows,
  modeOf: (joined: Joined) => string | null | undefined,
): Joined[] {
  const networks = (some: readonly { readonly id: number; readonly network_id: number }[]): Joined[] =>
    oldest(some).map(({ network_id }) => ({ kind: 'network', id: network_id }));
  const segments = (some: readonly { readonly id: number; readonly segment_id: number | null }[]): Joined[] =>
    oldest(some).flatMap(({ segment_id }) => (segment_id === null ? [] : [{ kind: 'segment', id: segment_id }]));
  const named = [
    ...networks(rows.ip_lease),
    ...segments(rows.mac_lease),
    ...networks(rows.interface_network),
    ...segments(rows.interface_segment),
    ...networks(rows.datapath_network),
    ...segments(rows.datapath_segment),
  ];
  return mode === 'host' ? named.filter((joined) => modeOf(joined) === 'physical') : named;
}

function oldest<R extends { readonly id: number }>(rows: readonly R[]): R[] {
  return [...rows].sort((a, b) => a.id - b.id);
}
