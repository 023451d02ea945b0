/**
 * Stations outside that are behind the uplinks of other hosts. Frames for them go to those hosts. A routed packet whose next
 * hop is not known goes as it was before the router took it on: the host with the uplink resolves the next hop, counts the time to
 * live down, and translates, as if the packet had entered the router there. What the router would have replaced, the MAC
 * addresses, says where it was.
 */
import type { Action } from '@openvnet/openflow';
import { arpOperation } from '@openvnet/packet';
import { feature } from '../engine/feature.ts';
import { ask, ethernet, type Flow, forgetInPort, load, move, priority, protocol, setField } from '../pipeline/flow.ts';
import { isGatewayElsewhere, isOneWire, isOnWire, resolverOf, uplinkHosts } from './edges.ts';
import { routedMacs } from './routed-macs.ts';
import { requestsIn } from './strangers.ts';
import { sentBy } from './tunnel.ts';

export const outside = feature({
  name: 'outside',
  doc: 'Sends frames and routed packets for unknown stations to the hosts that have an uplink.',
  cookie: 0x25,
  says: {
    arp_answer: ({ before }) => `nobody known has ${before.target_ip}: the request is flooded in ${before.domain}`,
    rewrite: ({ before, sets }) =>
      `${sets.peer} has the uplink of ${before.domain}, and resolves ${before.target_ip} there`,
    forward: ({ before, actions }) =>
      actions.length > 0
        ? `nobody known has ${before.eth_dst}: ${actions.join(', ')}`
        : `no station can have MAC address ${before.eth_dst}`,
  },
  source: { of: 'edge' },
  select: (view, domain) => {
    const ports = view.where('uplink', 'domain_id', domain).map(({ port }) => port);
    const oneWire = isOneWire(view, domain);
    const hosts = uplinkHosts(view, domain);
    const { datapath_id } = view.get('edge', domain)!;
    return {
      domain,
      ports,
      // Where the wire leads to all of them, one is enough.
      peers: !oneWire ? hosts : ports.length > 0 ? [] : [datapath_id],
      resolver: resolverOf(view, domain),
      open: view.get('open_domain', domain) !== undefined,
    };
  },
  flows: ({ domain, ports, peers, resolver, open }): Flow[] => [
    ...(open ? [] : [requestsIn(domain)]),
    ...(peers.length === 0 ? [] : [unknown(domain, ports, peers)]),
    ...(resolver === undefined
      ? []
      : [
          {
            table: 'rewrite' as const,
            priority: priority.low,
            match: { domain, eth_type: ethernet.ipv4, known: 0, from_peer: 0 },
            actions: [
              setField('eth_dst', routedMacs.routeLink.value),
              move('route_link', 'eth_dst_low'),
              setField('eth_src', routedMacs.gateway.value),
              move('gateway', 'eth_src_low'),
              load('peer', resolver),
            ],
            next: 'peer_size' as const,
          },
        ]),
  ],
  // Only routers send such frames.
  always: [{ table: 'forward', priority: priority.urgent, match: { eth_dst: routedMacs.any } }],
});

/** A frame to an unknown MAC address goes to all that may have the station. */
function unknown(domain: number, ports: readonly number[], peers: readonly number[]): Flow {
  const flow = { table: 'forward', priority: priority.low + 1, match: { domain, from_peer: 0 } } as const;
  const copies: Action[] = peers.flatMap((peer) => [load('peer', peer), load('too_large', 0), ask('peer_size')]);
  const [first, second] = ports;
  if (second !== undefined) return { ...flow, actions: copies, next: 'learned' };
  if (first !== undefined) return { ...flow, actions: [...copies, load('out_port', first)], next: 'output' };
  return peers.length === 1
    ? { ...flow, actions: [load('peer', peers[0]!)], next: 'peer_size' }
    : { ...flow, actions: copies };
}

/** Takes packets that other hosts leave to this one on at the router. */
export const resume = feature({
  name: 'resume',
  doc: 'Continues the routing of packets from other hosts for stations behind the uplinks of this one.',
  cookie: 0x2d,
  says: {
    resume: ({ next }) =>
      next === 'dispatch'
        ? 'a report of the size of packets that pass; it may be for a router here'
        : 'the host of its sender leaves the routing to this one, which has the uplink',
    leave: 'routed by this host, it may go to any other',
    limit: 'gateways answer on the host of the sender only',
  },
  source: { of: 'tunnel' },
  select: (view, id) => view.get('tunnel', id),
  flows: ({ id }) => [
    {
      table: 'resume',
      priority: priority.high,
      match: { in_port: id, eth_dst: routedMacs.routeLink },
      actions: [move('eth_dst_low', 'route_link'), move('eth_src_low', 'gateway')],
      next: 'route_out',
    },
    // Linux reports a packet that is too large for the underlay from its receiver to its last sender. If that was a router,
    // this host routes the report on to the guest.
    { table: 'resume', priority: priority.low, match: { in_port: id, ...fragmentationNeeded }, next: 'dispatch' },
    // A reply would go into the tunnel by which the request has come, to no host.
    { table: 'limit', priority: priority.high, match: { in_port: id } },
  ],
  // The time to live has been counted down, and no host leaves the packet to another once more.
  always: [
    {
      table: 'leave',
      priority: priority.high,
      match: { from_peer: 1 },
      actions: [forgetInPort, load('from_peer', 0)],
      next: 'forward',
    },
  ],
});

const fragmentationNeeded = {
  eth_type: ethernet.ipv4,
  ip_proto: protocol.icmp,
  icmpv4_type: 3,
  icmpv4_code: 4,
} as const;

/**
 * A host that does not know yet of another's uplink on its wire sends frames by the wire and by the tunnel. Were the latter
 * taken in, they would leave for the wire again, and go round in circles.
 */
export const byWire = feature({
  name: 'by_wire',
  doc: 'Drops frames out of a tunnel that come by a wire as well.',
  cookie: 0x2f,
  says: { resume: ({ before }) => `frames of ${before.domain} come from that host by the wire` },
  source: { of: 'edge' },
  select: (view, domain) => ({
    domain,
    isHere: isOnWire(view, domain, view.datapathId),
    addresses: uplinkHosts(view, domain)
      .filter((host) => isOnWire(view, domain, host))
      .flatMap((host) => view.get('peer', host)?.address ?? []),
  }),
  flows: ({ domain, isHere, addresses }): Flow[] => {
    const drop = { table: 'resume', priority: priority.normal } as const;
    if (isHere) return [{ ...drop, match: { domain } }];
    return [...new Set(addresses)].map((address) => ({ ...drop, match: { domain, ...sentBy(address) } }));
  },
});

/**
 * On a wire that several hosts share, one of them shows the MAC addresses of gateways and answers for them; the others leave
 * to it what is for a gateway.
 */
export const gatewayElsewhere = feature({
  name: 'gateway_elsewhere',
  doc: 'Leaves what stations outside send to a gateway to the host that stands for the network.',
  cookie: 0x2e,
  says: { uplink: 'another host with an uplink there answers for the gateway' },
  source: { of: 'station' },
  select: (view, id) => {
    const { domain_id: domain, interface_id, mac, ip } = view.get('station', id)!;
    if (!isGatewayElsewhere(view, domain, interface_id)) return undefined;
    const first = view.where('station', 'domain_id', domain).find((one) => one.mac === mac);
    return { domain, ip, mac: first?.id === id ? mac : undefined };
  },
  flows: ({ domain, ip, mac }): Flow[] => [
    {
      table: 'uplink',
      priority: priority.urgent - 1,
      match: { domain, eth_type: ethernet.arp, arp_op: arpOperation.request, arp_tpa: ip },
    },
    ...(mac === undefined
      ? []
      : [{ table: 'uplink' as const, priority: priority.urgent - 2, match: { domain, eth_dst: mac } }]),
  ],
});
