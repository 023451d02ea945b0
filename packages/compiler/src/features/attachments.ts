import { derivation, waiting } from '../engine/feature.ts';
import type { Member, View } from '../engine/relations.ts';
import { segmentDomain } from '../pipeline/domain-numbers.ts';

/** Ports in one part of a domain, for broadcasts: a change of one port rewrites a flow of at most so many outputs. */
const portsPerPart = 256;
/** In the number of a part, what is not there by an IP lease. */
const otherwise = 0x8000;

/** The addresses that are on this switch, with all that flows need of them. */
export const attachments = derivation({
  into: 'attachment',
  doc: 'IP leases of interfaces on the switch.',
  source: { of: 'ip_lease' },
  select: (view, id) => {
    const lease = view.get('ip_lease', id)!;
    if (lease.interface_id === null) return undefined;
    const binding = view.get('binding', lease.interface_id);
    if (!binding) return undefined;
    const macLease = macLeaseOf(view, lease.mac_lease_id, lease.interface_id);
    if (!macLease) return waiting('ip_lease', id, 'a MAC lease of its interface');
    const { network_id, interface_id, ipv4_address } = lease;
    const domain_id = view.get('network_domain', network_id)?.domain_id;
    if (domain_id === undefined) return undefined;
    return {
      id,
      network_id,
      domain_id,
      interface_id,
      mac_lease_id: macLease.id,
      mac: macLease.mac_address,
      ip: ipv4_address,
      port: binding.port,
      filtered: isFiltered(view, interface_id),
      routing: view.get('interface', interface_id)?.enable_routing ?? false,
      flood_part: binding.port === null ? null : partKey(domain_id, binding.port),
    };
  },
});

export function macLeaseOf(
  view: View,
  id: number | null,
  interfaceId: number,
): { id: number; mac_address: number } | undefined {
  return id === null ? view.where('mac_lease', 'interface_id', interfaceId)[0] : view.get('mac_lease', id);
}

const memberRows = 4;

/** A guest may be in a segment without an address. */
export const segmentMembers = derivation({
  into: 'member',
  doc: 'Ports in segments, by MAC leases.',
  source: { of: 'mac_lease', when: ({ segment_id }) => segment_id !== null },
  idOf: (id) => id * memberRows,
  select: (view, id) => {
    const { interface_id, segment_id } = view.get('mac_lease', id)!;
    return memberAt(view, id * memberRows, interface_id, segmentDomain(segment_id!));
  },
});

/** Because that was asked for. */
export const staticNetworkMembers = derivation({
  into: 'member',
  doc: 'Ports in networks, by static associations.',
  source: { of: 'interface_network', when: (row) => row.static },
  idOf: (id) => id * memberRows + 1,
  select: (view, id) => {
    const { interface_id, network_id } = view.get('interface_network', id)!;
    return memberAt(view, id * memberRows + 1, interface_id, view.get('network_domain', network_id)?.domain_id);
  },
});

export const staticSegmentMembers = derivation({
  into: 'member',
  doc: 'Ports in segments, by static associations.',
  source: { of: 'interface_segment', when: (row) => row.static },
  idOf: (id) => id * memberRows + 2,
  select: (view, id) => {
    const { interface_id, segment_id } = view.get('interface_segment', id)!;
    return memberAt(view, id * memberRows + 2, interface_id, segmentDomain(segment_id));
  },
});

export const uplinkMembers = derivation({
  into: 'member',
  doc: 'Uplinks in the networks and segments that they join to networks outside.',
  source: { of: 'uplink' },
  idOf: (id) => id * memberRows + 3,
  select: (view, id) => {
    const { port, domain_id } = view.get('uplink', id)!;
    return memberAt(view, id * memberRows + 3, id, domain_id, port);
  },
});

/** A member at the port of an interface, unless it is there by an IP lease: a broadcast goes to a port once. */
function memberAt(
  view: View,
  id: number,
  interfaceId: number,
  domain: number | undefined,
  port = view.get('binding', interfaceId)?.port,
): Member | undefined {
  if (port == null || domain === undefined) return undefined;
  const leased = view
    .where('attachment', 'interface_id', interfaceId)
    .some(({ domain_id, port: at }) => domain_id === domain && at === port);
  if (leased) return undefined;
  const filtered = view.get('uplink', interfaceId)?.port !== port && isFiltered(view, interfaceId);
  return { id, interface_id: interfaceId, port, filtered, flood_part: partKey(domain, port) + otherwise };
}

function partKey(domain: number, port: number): number {
  return domain * 0x1_0000 + Math.floor(port / portsPerPart);
}

function isFiltered(view: View, interfaceId: number): boolean {
  return view.get('interface', interfaceId)?.enable_filtering ?? false;
}

function partOf(id: number): { id: number; domain_id: number; part: number } {
  return { id, domain_id: Math.floor(id / 0x1_0000), part: id % 0x1_0000 };
}

/** The parts of each domain's ports. */
export const floodParts = derivation({
  into: 'flood_part',
  doc: 'Parts of the ports of each broadcast domain.',
  source: { of: 'attachment', by: 'flood_part' },
  select: (_, id) => partOf(id),
});

export const otherFloodParts = derivation({
  into: 'flood_part',
  doc: 'Parts of the other ports of each broadcast domain.',
  source: { of: 'member', by: 'flood_part' },
  select: (_, id) => partOf(id),
});
