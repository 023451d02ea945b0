import { derivation } from '../engine/feature.ts';
import type { View } from '../engine/relations.ts';
import { objectOfDomain } from '../pipeline/domain-numbers.ts';
import { localPort } from '../pipeline/ports.ts';
import { hasUplink, isAtPort } from './bindings.ts';
import { standsBy } from './standby.ts';
import { domainOfUplink } from './uplinks.ts';

/** What the uplinks of other hosts join to networks outside: as their agents report them, with the ports that they have. */
export const remoteUplinks = derivation({
  into: 'remote_uplink',
  doc: 'Uplinks of other hosts.',
  source: { of: 'active_interface' },
  select: (view, id) => {
    const { interface_id, datapath_id, port_number, standby } = view.get('active_interface', id)!;
    const found = datapath_id === view.datapathId ? undefined : view.get('interface', interface_id);
    // A host without a NIC in the bridge is at the bridge's own port.
    if (!found || !hasUplink(found) || port_number === null || port_number === localPort) return undefined;
    if (isAtPort(found) && standby) return undefined;
    const domain_id = domainOfUplink(view, interface_id, datapath_id);
    return domain_id === undefined ? undefined : { id, domain_id, datapath_id };
  },
});

/** Every host with an uplink, and every other one, comes to the same result from the same placements. */
export const edges = derivation({
  into: 'edge',
  doc: 'Broadcast domains with uplinks on other hosts, and the host that stands for each of them outside.',
  source: { of: 'remote_uplink', by: 'domain_id' },
  select: (view, domain) => {
    const own = view.where('uplink', 'domain_id', domain).length > 0 ? [view.datapathId] : [];
    return { id: domain, datapath_id: Math.min(...own, ...uplinkHosts(view, domain)) };
  },
});

/** The other datapaths with an uplink in a broadcast domain. */
export function uplinkHosts(view: View, domain: number): number[] {
  const hosts = view.where('remote_uplink', 'domain_id', domain).map(({ datapath_id }) => datapath_id);
  return [...new Set(hosts)].sort((a, b) => a - b);
}

/**
 * Whether all uplinks of a broadcast domain are on one wire, which joins the hosts that have one: so it is for physical
 * networks and segments. The uplinks of virtual ones each have a wire of their own.
 */
export function isOneWire(view: View, domain: number): boolean {
  const { kind, id } = objectOfDomain(domain);
  return view.get(kind, id)?.mode === 'physical';
}

/**
 * Whether a datapath is in a broadcast domain by the wire alone: one that has an uplink there, while another host stands for
 * the domain. It and the others exchange no frames of the domain through tunnels, or each would come by both ways.
 */
export function isOnWire(view: View, domain: number, datapathId: number): boolean {
  const edge = view.get('edge', domain);
  if (!edge || edge.datapath_id === datapathId || !isOneWire(view, domain)) return false;
  return datapathId === view.datapathId
    ? view.where('uplink', 'domain_id', domain).length > 0
    : view.where('remote_uplink', 'domain_id', domain).some(({ datapath_id }) => datapath_id === datapathId);
}

/** Whether frames of a broadcast domain go to another datapath through a tunnel. */
export function isTunnelled(view: View, domain: number, datapathId: number): boolean {
  return !isOnWire(view, domain, view.datapathId) && !isOnWire(view, domain, datapathId);
}

/**
 * Whether an interface that stands by here is on a host which the wire of a domain leads to: it is a station outside
 * until its guest is heard here.
 */
export function isAcrossWire(view: View, domain: number, interfaceId: number): boolean {
  if (!view.get('edge', domain) || !standsBy(view, interfaceId)) return false;
  return view
    .where('active_interface', 'interface_id', interfaceId)
    .some(({ standby, datapath_id }) => !standby && !isTunnelled(view, domain, datapath_id));
}

/** The other host that resolves next hops in a broadcast domain for this one; undefined if this one does it itself. */
export function resolverOf(view: View, domain: number): number | undefined {
  const edge = view.get('edge', domain);
  if (!edge || edge.datapath_id === view.datapathId) return undefined;
  const own = view.where('uplink', 'domain_id', domain).length > 0;
  return own && !isOneWire(view, domain) ? undefined : edge.datapath_id;
}

/** Whether another host shows the addresses of a gateway to the stations of a broadcast domain outside. */
export function isGatewayElsewhere(view: View, domain: number, interfaceId: number): boolean {
  return isOnWire(view, domain, view.datapathId) && view.get('interface', interfaceId)?.mode === 'simulated';
}

/** The other hosts of which the agents may ask in a broadcast domain for the MAC addresses of stations. */
export function askersIn(view: View, domain: number): number[] {
  const edge = view.get('edge', domain);
  if (edge) return isOneWire(view, domain) ? [edge.datapath_id] : uplinkHosts(view, domain);
  if (view.where('uplink', 'domain_id', domain).length > 0) return [];
  return view
    .where('flood_peer', 'domain_id', domain)
    .map(({ datapath_id }) => datapath_id)
    .sort((a, b) => a - b);
}
