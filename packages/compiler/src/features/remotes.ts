/**
 * Interfaces on other hosts: their addresses are known here, and frames for them go there. Every item is a placement, of the
 * interface that has it.
 */
import { derivation, feature, rowsDerivation } from '../engine/feature.ts';
import type { Rows, View } from '../engine/relations.ts';
import { segmentDomain } from '../pipeline/domain-numbers.ts';
import { ask, type Flow, type FlowIn, load, priority } from '../pipeline/flow.ts';
import { macLeaseOf } from './attachments.ts';
import { isTunnelled } from './edges.ts';
import { addressOfAnother, macOfAnother, ofAnother } from './identity.ts';
import { inSentence, resolves } from './neighbour.ts';

/** Where each member of a broadcast domain is that is on another host. */
export const remoteMembers = rowsDerivation({
  into: 'remote_member',
  doc: 'Broadcast domains of interfaces on other hosts.',
  source: { of: 'active_interface' },
  rows: (view, id) => {
    const { interface_id, datapath_id } = view.get('active_interface', id)!;
    if (datapath_id === view.datapathId) return [];
    const uplink = view.get('remote_uplink', id)?.domain_id;
    const domains = new Set([...domainsOf(view, interface_id), ...(uplink === undefined ? [] : [uplink])]);
    const tunnelled = [...domains].filter((domain) => isTunnelled(view, domain, datapath_id));
    return tunnelled.map((domain_id) => {
      const flood_peer = domain_id * datapathNumbers + datapath_id;
      return { id: id * domainNumbers + domain_id, domain_id, datapath_id, flood_peer };
    });
  },
});

const domainNumbers = 2 ** 24;
/** Far more than there are datapaths; with a domain it makes a number that is exact. */
const datapathNumbers = 2 ** 28;

/** Which other hosts have members of a broadcast domain. */
export const floodPeers = derivation({
  into: 'flood_peer',
  doc: 'Other hosts with members of each broadcast domain.',
  source: { of: 'remote_member', by: 'flood_peer' },
  select: (_, id) => ({ id, domain_id: Math.floor(id / datapathNumbers), datapath_id: id % datapathNumbers }),
});

/** Neighbours on other hosts, which need not be asked. */
export const remoteNeighbour = feature({
  name: 'remote_neighbour',
  doc: 'Resolves IP addresses of interfaces on other hosts.',
  cookie: 0x22,
  says: { neighbour: inSentence },
  source: { of: 'active_interface' },
  select: addressesElsewhere,
  flows: (addresses) => addresses.map(resolves),
});

/** As the addresses of interfaces here, those of interfaces elsewhere are nobody else's. */
export const remoteIdentity = feature({
  name: 'remote_identity',
  doc: 'Drops packets from leased addresses of interfaces on other hosts that other stations send.',
  cookie: 0x23,
  says: { uplink: ofAnother, identity: addressOfAnother.says },
  source: { of: 'active_interface' },
  select: (view, id) => {
    const isOpen = ({ domain_id }: { domain_id: number }) => view.get('open_domain', domain_id) !== undefined;
    const [addresses, segments] = [addressesElsewhere(view, id), segmentsElsewhere(view, id)];
    return addresses && { addresses: addresses.filter(isOpen), segments: segments.filter(isOpen) };
  },
  flows: ({ addresses, segments }) => [
    ...addresses.flatMap(addressOfAnother.flows),
    ...segments.map(({ domain_id, mac }) => macOfAnother(domain_id, mac)),
  ],
});

/** A frame for an interface elsewhere goes through one tunnel, or two while the interface may be moving. */
export const remoteDelivery = feature({
  name: 'remote_delivery',
  doc: 'Sends frames for interfaces on other hosts through the tunnel.',
  cookie: 0x24,
  says: { forward: ({ interface_uuid, before, sets }) => `${before.eth_dst} is ${interface_uuid}, on ${sets.peer}` },
  source: { of: 'active_interface' },
  select: (view, id) => {
    const { interface_id } = view.get('active_interface', id)!;
    const peers = placesElsewhere(view, interface_id);
    if (peers[0]?.id !== id) return undefined;
    const port = view.get('binding', interface_id)?.port ?? undefined;
    const filtered = view.get('interface', interface_id)?.enable_filtering;
    return {
      ways: macsOf(view, interface_id).flatMap(({ mac, domains }) =>
        domains.map((domain) => ({ mac, domain, peers: throughTunnels(view, domain, peers) })),
      ),
      here:
        port === undefined ? undefined : { port, next: filtered ? ('ingress_filter' as const) : ('output' as const) },
    };
  },
  flows: ({ ways, here }) =>
    ways.flatMap(({ domain, mac, peers }) =>
      peers.length === 0 ? [] : [elsewhere({ domain, eth_dst: mac }, peers, here)],
    ),
});

/** Of some places, the datapaths that frames of a domain reach through a tunnel. */
function throughTunnels(view: View, domain: number, places: readonly Placement[]): number[] {
  return places.map(({ datapath_id }) => datapath_id).filter((one) => isTunnelled(view, domain, one));
}

type Placement = Rows['active_interface'];

/** The placements of an interface on other hosts: where it is first, then where it may be moving to. */
function placesElsewhere(view: View, interfaceId: number): Placement[] {
  return view
    .where('active_interface', 'interface_id', interfaceId)
    .filter(({ datapath_id }) => datapath_id !== view.datapathId)
    .sort((a, b) => Number(a.standby) - Number(b.standby) || a.id - b.id);
}

interface Address {
  readonly domain_id: number;
  readonly mac: number;
  readonly ip: number;
  readonly peer: number;
}

/** The addresses of an interface that is elsewhere and not here; given once, for the first of its placements. */
function addressesElsewhere(view: View, id: number): Address[] | undefined {
  const { interface_id, datapath_id: peer } = view.get('active_interface', id)!;
  const places = placesElsewhere(view, interface_id);
  if (places[0]?.id !== id || view.get('binding', interface_id)) return undefined;
  return view.where('ip_lease', 'interface_id', interface_id).flatMap((lease) => {
    const mac = macLeaseOf(view, lease.mac_lease_id, interface_id)?.mac_address;
    const domain_id = view.get('network_domain', lease.network_id)?.domain_id;
    if (mac === undefined || domain_id === undefined) return [];
    return throughTunnels(view, domain_id, places).length > 0 ? [{ domain_id, mac, ip: lease.ipv4_address, peer }] : [];
  });
}

/** The MAC addresses of an interface elsewhere in segments, without those that have an IP address there. */
function segmentsElsewhere(view: View, id: number): { domain_id: number; mac: number }[] {
  const { interface_id } = view.get('active_interface', id)!;
  const places = placesElsewhere(view, interface_id);
  const withIp = new Set(addressesElsewhere(view, id)?.map(({ domain_id, mac }) => `${domain_id} ${mac}`));
  return view.where('mac_lease', 'interface_id', interface_id).flatMap(({ mac_address: mac, segment_id }) => {
    const domain_id = segment_id === null ? undefined : segmentDomain(segment_id);
    if (domain_id === undefined || withIp.has(`${domain_id} ${mac}`)) return [];
    return throughTunnels(view, domain_id, places).length > 0 ? [{ domain_id, mac }] : [];
  });
}

/** The MAC addresses of an interface, each in its segment and in the networks in which it has an IP address. */
function macsOf(view: View, interfaceId: number): { mac: number; domains: number[] }[] {
  const leases = view.where('ip_lease', 'interface_id', interfaceId);
  return view.where('mac_lease', 'interface_id', interfaceId).map(({ id, mac_address: mac, segment_id }) => {
    const own = leases.filter((lease) => macLeaseOf(view, lease.mac_lease_id, interfaceId)?.id === id);
    const networks = own.map(({ network_id }) => view.get('network_domain', network_id)?.domain_id);
    const domains = [...networks, segment_id === null ? undefined : segmentDomain(segment_id)];
    return { mac, domains: [...new Set(domains.filter((domain) => domain !== undefined))] };
  });
}

/** The broadcast domains that an interface is in. */
function domainsOf(view: View, id: number): Set<number> {
  const ofNetwork = (network: number): number | undefined => view.get('network_domain', network)?.domain_id;
  const domains = [
    ...view.where('ip_lease', 'interface_id', id).map(({ network_id }) => ofNetwork(network_id)),
    ...view.where('mac_lease', 'interface_id', id).map(({ segment_id: segment }) => segment && segmentDomain(segment)),
    ...stated(view.where('interface_network', 'interface_id', id)).map(({ network_id }) => ofNetwork(network_id)),
    ...stated(view.where('interface_segment', 'interface_id', id)).map(({ segment_id }) => segmentDomain(segment_id)),
  ];
  return new Set(domains.filter((domain) => domain != null));
}

function stated<R extends { readonly static: boolean }>(rows: readonly R[]): R[] {
  return rows.filter((row) => row.static);
}

/** Copies for the hosts that have a port of the interface, and what is done with it here if this host has one too. */
function elsewhere(
  match: FlowIn<'forward'>['match'],
  peers: readonly number[],
  here: { readonly port: number; readonly next: 'ingress_filter' | 'output' } | undefined,
): Flow {
  const to = { table: 'forward', priority: priority.normal + 1, match: { ...match, from_peer: 0 } } as const;
  const copies = peers.flatMap((peer) => [load('peer', peer), load('too_large', 0), ask('peer_size')]);
  if (here) return { ...to, actions: [...copies, load('out_port', here.port)], next: here.next };
  const [only, ...more] = peers;
  return more.length === 0 ? { ...to, actions: [load('peer', only!)], next: 'peer_size' } : { ...to, actions: copies };
}
