import type { RowOf } from '@openvnet/model';
import type { Action, MatchValue } from '@openvnet/openflow';
import { feature, waiting } from '../engine/feature.ts';
import {
  ask,
  checkSize,
  decrementTtl,
  ethernet,
  forgetInPort,
  handOver,
  isWithin,
  load,
  move,
  prefixMatch,
  priority,
} from '../pipeline/flow.ts';
import { icmpErrors, icmpErrorsTold } from './icmp-errors.ts';

/**
 * Routing through route links. A route lets packets from its range into the logical router by its interface (ingress),
 * and packets to its range out by it (egress); the longest prefix has it. The time to live counts down. RFC 1812, 5.
 */
export const route = feature({
  name: 'route',
  doc: 'Routes packets between networks.',
  cookie: 8,
  says: {
    route_in: ({ object_uuid, match, sets, before }) =>
      `${object_uuid}: from ${match.ipv4_src ?? 'anywhere'} into ${sets.route_link} by ${before.gateway}`,
    route_out: ({ object_uuid, interface_uuid, match, sets, before }) => {
      const most = sets.too_large && `, which takes up to ${sets.too_large.replace('size>', '')} bytes`;
      const to = `${match.ipv4_dst ?? 'anywhere'} leaves to ${sets.domain} by ${interface_uuid}`;
      return `${object_uuid} of ${before.route_link}: ${to}${most ?? ''}`;
    },
    rewrite: ({ sets, before }) =>
      sets.reason
        ? `its time to live has expired (${before.nw_ttl})`
        : `time to live ${before.nw_ttl} is decremented; sent from ${before.gateway_mac} to ${before.target_mac}`,
    leave: 'it may leave by its ingress port',
  },
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
    const network = view.get('network', address.network_id);
    const translates = view.get('interface', row.interface_id)?.enable_route_translation ?? false;
    return {
      ...row,
      domain: address.domain_id,
      mac: address.mac,
      mtu: network?.mtu ?? undefined,
      translates,
      beyond: network && beyondOf(row, network, address.ip),
    };
  },
  flows: ({
    interface_id,
    route_link_id,
    ipv4_network,
    ipv4_prefix,
    ingress,
    egress,
    domain,
    mac,
    mtu,
    translates,
    beyond,
  }) => {
    const range = prefixMatch(ipv4_network, ipv4_prefix);
    const leave = (target: Action): Action[] => [
      load('domain', domain),
      load('gateway_mac', mac),
      ...(translates ? [load('translator', interface_id)] : []),
      target,
      ask('neighbour'),
      ...(mtu === undefined ? [] : [checkSize(mtu)]),
    ];
    const order = priority.normal + 2 * ipv4_prefix;
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
              actions: leave(beyond ? load('target_ip', beyond.nextHop) : toItself),
              next: 'routed_size' as const,
            },
          ]
        : []),
      ...(egress && beyond?.around
        ? [
            {
              table: 'route_out' as const,
              priority: order + 1,
              match: { route_link: route_link_id, eth_type: ethernet.ipv4, ipv4_dst: beyond.around },
              actions: leave(toItself),
              next: 'routed_size' as const,
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
      ...handOver('time_exceeded'),
    })),
    {
      table: 'rewrite',
      priority: priority.normal,
      match: { eth_type: ethernet.ipv4, known: 1 },
      actions: [decrementTtl, move('gateway_mac', 'eth_src'), move('target_mac', 'eth_dst')],
      next: 'translate_out',
    },
    { table: 'leave', priority: priority.normal, match: {}, actions: [forgetInPort], next: 'forward' },
  ],
  answers: icmpErrors,
  tells: icmpErrorsTold,
});

const toItself = move('ipv4_dst', 'target_ip');

/**
 * The next router for what a route takes beyond its network, and the network where the route takes that too (`around`);
 * undefined if all is in the network, or its stations are to be asked for everything.
 */
function beyondOf(
  row: Pick<RowOf<'route'>, 'ipv4_network' | 'ipv4_prefix' | 'next_hop_ipv4_address'>,
  network: Pick<RowOf<'network'>, 'mode' | 'ipv4_network' | 'ipv4_prefix'>,
  own: number,
): { readonly nextHop: number; readonly around: MatchValue | undefined } | undefined {
  const inside = isWithin(row.ipv4_network, network.ipv4_network, network.ipv4_prefix);
  if (inside && row.ipv4_prefix >= network.ipv4_prefix) return undefined;
  const nextHop = nextHopOf(row, network, own);
  if (nextHop === undefined) return undefined;
  const takesAll = isWithin(network.ipv4_network, row.ipv4_network, row.ipv4_prefix);
  return { nextHop, around: takesAll ? prefixMatch(network.ipv4_network, network.ipv4_prefix) : undefined };
}

/** As the original has it, where nobody says: the first address of a physical network. */
function nextHopOf(
  { next_hop_ipv4_address }: Pick<RowOf<'route'>, 'next_hop_ipv4_address'>,
  { mode, ipv4_network, ipv4_prefix }: Pick<RowOf<'network'>, 'mode' | 'ipv4_network' | 'ipv4_prefix'>,
  own: number,
): number | undefined {
  if (next_hop_ipv4_address != null) return next_hop_ipv4_address;
  const first = Math.floor(ipv4_network / 2 ** (32 - ipv4_prefix)) * 2 ** (32 - ipv4_prefix) + 1;
  return mode === 'physical' && first !== own ? first : undefined;
}
