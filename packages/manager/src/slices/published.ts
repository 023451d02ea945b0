/** Which rows agents are told of, and whom each concerns. A row belongs to an object; the object at the end of that chain says which hosts. */
import type { Kind, RowOf } from '@openvnet/model';

/** Objects that hosts are concerned with by themselves. */
export type Root = 'datapath' | 'network' | 'segment' | 'route_link' | 'interface';

/** Of what belongs to an interface, what other hosts need not know: `here` only its own host, `gateway` also those that route by it. */
export type Scope = 'here' | 'gateway';

export interface Published {
  /** The object that a row belongs to, and the column that names it; absent for a root. */
  readonly of?: { readonly kind: Kind; readonly column: string };
  readonly scope?: Scope;
  /** Columns that are held of every row, besides that of the object it belongs to. */
  readonly held?: readonly string[];
}

/** Undefined for kinds that no agent needs. */
export const published: { readonly [K in Kind]: Published | undefined } = {
  datapath: { held: ['dpid', 'node_id'] },
  network: { held: ['segment_id'] },
  segment: {},
  route_link: {},
  interface: { held: ['mode'] },
  interface_port: { ...of('interface', 'interface_id'), held: ['datapath_id', 'port_name'] },
  active_interface: { ...of('interface', 'interface_id'), held: ['datapath_id', 'standby'] },
  mac_lease: { ...of('interface', 'interface_id'), held: ['segment_id'] },
  network_service: of('interface', 'interface_id'),
  dns_service: of('network_service', 'network_service_id'),
  dns_record: of('dns_service', 'dns_service_id'),
  filter: { ...of('interface', 'interface_id'), scope: 'here' },
  filter_static: of('filter', 'filter_id'),
  translation: { ...of('interface', 'interface_id'), scope: 'gateway' },
  translation_static_address: of('translation', 'translation_id'),
  ip_lease: { ...of('network', 'network_id'), held: ['interface_id'] },
  interface_network: { ...of('network', 'network_id'), held: ['interface_id'] },
  interface_segment: { ...of('segment', 'segment_id'), held: ['interface_id'] },
  datapath_network: { ...of('network', 'network_id'), held: ['interface_id'] },
  datapath_segment: { ...of('segment', 'segment_id'), held: ['interface_id'] },
  route: { ...of('route_link', 'route_link_id'), held: ['interface_id', 'network_id'] },
  interface_route_link: of('route_link', 'route_link_id'),
  datapath_route_link: of('route_link', 'route_link_id'),
  mac_range_group: undefined,
  mac_range: undefined,
  ip_range_group: undefined,
  ip_range: undefined,
  ip_lease_container: undefined,
  ip_lease_container_ip_lease: undefined,
  ip_retention_container: undefined,
  ip_retention: undefined,
  lease_policy: undefined,
  lease_policy_network: undefined,
  lease_policy_interface: undefined,
  lease_policy_ip_lease_container: undefined,
  lease_policy_ip_retention_container: undefined,
  topology: undefined,
  topology_datapath: undefined,
  topology_network: undefined,
  topology_segment: undefined,
  topology_route_link: undefined,
  topology_mac_range_group: undefined,
  topology_layer: undefined,
};

export const publishedKinds = (Object.keys(published) as Kind[]).filter((kind) => published[kind]);

/** The kinds whose rows belong to objects of a kind. */
export const belonging: ReadonlyMap<Kind, readonly Kind[]> = Map.groupBy(
  publishedKinds.filter((kind) => published[kind]!.of),
  (kind) => published[kind]!.of!.kind,
);

/** What is held of a row: numbers and names by which rows refer to each other. */
export interface Held {
  readonly [column: string]: number | string | boolean | null;
}

export function heldOf<K extends Kind>(kind: K, row: RowOf<K>): Held {
  const { of: parent, held = [] } = published[kind]!;
  const columns = parent ? [parent.column, ...held] : held;
  return Object.fromEntries(columns.map((column) => [column, (row as unknown as Held)[column] ?? null]));
}

function of(kind: Kind, column: string): Pick<Published, 'of'> & { readonly of: NonNullable<Published['of']> } {
  return { of: { kind, column } };
}
