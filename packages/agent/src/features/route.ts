import { feature, waiting } from '../engine/feature.ts';
import {
  ask,
  checkSize,
  decrementTtl,
  ethernet,
  forgetInPort,
  load,
  move,
  prefixMatch,
  priority,
  toAgent,
} from '../pipeline/flow.ts';
import { icmpErrors } from './icmp-errors.ts';

/**
 * Routing through route links. A route lets packets from its range into the logical router by its interface (ingress),
 * and packets to its range out by it (egress); the longest prefix has it. The time to live counts down. RFC 1812, 5.
 */
export const route = feature({
  name: 'route',
  doc: 'Routes packets between networks.',
  cookie: 8,
  source: { of: 'route' },
  select: (view, id) => {
    const row = view.get('route', id)!;
    if (!view.get('binding', row.interface_id)) return undefined;
    const addresses = view.where('attachment', 'interface_id', row.interface_id);
    const address =
      row.network_id === null ? addresses[0] : addresses.find(({ network_id }) => network_id === row.network_id);
    if (!address) {
      const network = row.network_id === null ? undefined : view.get('network', row.network_id);
      return waiting(
        'route',
        id,
        `an IP lease of ${view.get('interface', row.interface_id)?.uuid} in ${network?.uuid ?? 'a network'}`,
      );
    }
    const translates = view.get('interface', row.interface_id)?.enable_route_translation ?? false;
    const mtu = view.get('network', address.network_id)?.mtu ?? undefined;
    return { ...row, network: address.network_id, mac: address.mac, mtu, translates };
  },
  flows: ({
    interface_id,
    route_link_id,
    ipv4_network,
    ipv4_prefix,
    ingress,
    egress,
    network,
    mac,
    mtu,
    translates,
  }) => {
    const range = prefixMatch(ipv4_network, ipv4_prefix);
    const order = priority.normal + ipv4_prefix;
    return [
      ...(ingress
        ? [
            {
              table: 'route_in' as const,
              priority: order,
              match: {
                gateway: interface_id,
                eth_type: ethernet.ipv4,
                ...(range !== undefined && { ipv4_src: range }),
              },
              actions: [load('route_link', route_link_id)],
              next: 'route_out' as const,
            },
          ]
        : []),
      ...(egress
        ? [
            {
              table: 'route_out' as const,
              priority: order,
              match: {
                route_link: route_link_id,
                eth_type: ethernet.ipv4,
                ...(range !== undefined && { ipv4_dst: range }),
              },
              actions: [
                load('network', network),
                load('gateway_mac', mac),
                ...(translates ? [load('translator', interface_id)] : []),
                move('ipv4_dst', 'target_ip'),
                ask('neighbour'),
                ...(mtu === undefined ? [] : [checkSize(mtu)]),
              ],
              next: 'rewrite' as const,
            },
          ]
        : []),
    ];
  },
  always: [
    ...[0, 1].map((nw_ttl) => ({
      table: 'rewrite' as const,
      priority: priority.high,
      match: { eth_type: ethernet.ipv4, nw_ttl },
      actions: [toAgent('time_exceeded')],
    })),
    {
      table: 'rewrite',
      priority: priority.normal,
      match: { eth_type: ethernet.ipv4, known: 1 },
      actions: [decrementTtl, move('gateway_mac', 'eth_src'), move('target_mac', 'eth_dst'), forgetInPort],
      next: 'translate_out',
    },
  ],
  answers: icmpErrors,
});
