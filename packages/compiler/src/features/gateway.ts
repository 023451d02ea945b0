import { feature } from '../engine/feature.ts';
import {
  ethernet,
  handOver,
  haveAnswered,
  load,
  move,
  outputBack,
  priority,
  protocol,
  setField,
} from '../pipeline/flow.ts';
import { isGateway } from './bindings.ts';

/** Above every prefix: what is for a gateway itself is not routed. */
const ownAddress = priority.urgent;
const echoRequest = { eth_type: ethernet.ipv4, ip_proto: protocol.icmp, icmpv4_type: 8, icmpv4_code: 0 } as const;

/**
 * Gateways: simulated interfaces. The switch takes what is sent to their MAC address, and answers echo requests to their
 * addresses, also from the far side of a logical router, but not to those that are leased for routing. Anything else that is sent to a gateway itself is unreachable.
 */
export const gateway = feature({
  name: 'gateway',
  doc: 'Accepts packets to a gateway for routing; answers echo requests to the gateway.',
  cookie: 7,
  says: {
    dispatch: ({ next, sets }) =>
      `it is for gateway ${sets.gateway}${next === 'translate_in' ? ', which translates addresses' : ''}`,
    route_in: ({ next, before, sets }) => {
      if (next === 'limit') return `an echo request to gateway ${before.gateway} itself`;
      if (sets.reason === 'network_unreachable') return `no route lets ${before.ipv4_src} in by ${before.gateway}`;
      return `it is for gateway ${before.gateway} itself, which takes echo requests only`;
    },
    route_out: ({ next, interface_uuid }) =>
      next === 'limit'
        ? `an echo request to gateway ${interface_uuid} itself`
        : `it is for gateway ${interface_uuid} itself, which takes echo requests only`,
    answer: 'turned into a reply to the sender',
  },
  source: { of: 'interface', when: isGateway },
  select: (view, id) => {
    if (!view.get('binding', id)) return undefined;
    const addresses = view.where('attachment', 'interface_id', id);
    const own = addresses.filter((address) => !view.get('ip_lease', address.id)?.enable_routing);
    const routes = view.where('route', 'interface_id', id);
    return {
      id,
      addresses: own.map(({ ip }) => ip),
      inside: view.get('interface', id)?.enable_route_translation ? ('translate_in' as const) : ('route_in' as const),
      doors: [
        ...new Map(addresses.map(({ domain_id, mac }) => [`${domain_id} ${mac}`, { domain: domain_id, mac }])).values(),
      ],
      links: [...new Set(routes.map(({ route_link_id }) => route_link_id))],
    };
  },
  flows: ({ id, addresses, inside, doors, links }) => [
    ...doors.map(({ domain, mac }) => ({
      table: 'dispatch' as const,
      priority: priority.normal,
      match: { domain, eth_dst: mac, eth_type: ethernet.ipv4 },
      actions: [load('gateway', id)],
      next: inside,
    })),
    ...addresses.flatMap((ip) => [
      {
        table: 'route_in' as const,
        priority: ownAddress + 1,
        match: { gateway: id, ipv4_dst: ip, ...echoRequest },
        ...haveAnswered,
      },
      {
        table: 'route_in' as const,
        priority: ownAddress,
        match: { gateway: id, eth_type: ethernet.ipv4, ipv4_dst: ip },
        ...handOver('port_unreachable'),
      },
    ]),
    ...links.flatMap((route_link) =>
      addresses.flatMap((ip) => [
        {
          table: 'route_out' as const,
          priority: ownAddress + 1,
          match: { route_link, ipv4_dst: ip, ...echoRequest },
          ...haveAnswered,
        },
        {
          table: 'route_out' as const,
          priority: ownAddress,
          match: { route_link, eth_type: ethernet.ipv4, ipv4_dst: ip },
          ...handOver('port_unreachable'),
        },
      ]),
    ),
    ...(links.length === 0
      ? []
      : [
          {
            table: 'route_in' as const,
            priority: priority.low,
            match: { gateway: id, eth_type: ethernet.ipv4 },
            ...handOver('network_unreachable'),
          },
        ]),
  ],
  always: [
    {
      table: 'answer',
      priority: priority.normal,
      match: echoRequest,
      // Registers that routing uses later serve to swap the addresses.
      actions: [
        move('eth_dst', 'target_mac'),
        move('eth_src', 'eth_dst'),
        move('target_mac', 'eth_src'),
        move('ipv4_dst', 'target_ip'),
        move('ipv4_src', 'ipv4_dst'),
        move('target_ip', 'ipv4_src'),
        setField('icmpv4_type', 0),
        setField('nw_ttl', 64),
        outputBack,
      ],
    },
  ],
});
