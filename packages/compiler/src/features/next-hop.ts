import type { Flow as DecodedFlow } from '@openvnet/openflow';
import { arpOperation, decodeArp, decodeEthernet } from '@openvnet/packet';
import { type Answer, feature, type Lookup, type Reply } from '../engine/feature.ts';
import type { Resolved } from '../engine/relations.ts';
import type { Fate, Punted } from '../engine/says.ts';
import { ask, ethernet, type Flow, handOver, handOverCopy, load, priority } from '../pipeline/flow.ts';
import { places } from '../pipeline/places.ts';
import { networksIn } from './broadcast-domains.ts';
import { askersIn, isOnWire, resolverOf } from './edges.ts';
import { icmpErrors } from './icmp-errors.ts';

/**
 * Next hops that the model does not know: stations behind uplinks and in segments. A routed packet for one waits at the
 * agent, which asks for the MAC address by ARP and then lets it go on; what comes after finds the address in the switch.
 */
export const nextHop = feature({
  name: 'next_hop',
  doc: 'Punts routed packets to unknown stations to the agent, which resolves their MAC addresses.',
  cookie: 12,
  says: {
    rewrite: ({ before }) => `the agent resolves the MAC address of ${before.target_ip} in ${before.domain}`,
    dispatch: 'a station announces its MAC address to the agent',
    forward: 'a station announces its MAC address, which the agent of another host may have asked for',
  },
  source: { of: 'open_domain' },
  select: (view, domain) => {
    const stations = isOnWire(view, domain, view.datapathId) ? [] : view.where('station', 'domain_id', domain);
    return {
      domain,
      macs: [...new Set(stations.map(({ mac }) => mac))],
      resolves: resolverOf(view, domain) === undefined,
      askers: askersIn(view, domain).filter((one) => one !== view.datapathId),
      hasPeers: view.where('flood_peer', 'domain_id', domain).length > 0,
    };
  },
  flows: ({ domain, macs, resolves, askers, hasPeers }): Flow[] => [
    ...(resolves
      ? [
          {
            table: 'rewrite' as const,
            priority: priority.low,
            match: { domain, eth_type: ethernet.ipv4, known: 0 },
            ...handOver('next_hop'),
          },
        ]
      : []),
    ...macs.flatMap((mac): Flow[] => {
      const { actions, next } = handOver('neighbour_heard');
      const toAskers = askers.flatMap((peer) => [load('peer', peer), ask('to_peer')]);
      const toGateway = { domain, eth_dst: mac, eth_type: ethernet.arp };
      return [
        {
          table: 'dispatch',
          priority: priority.high,
          match: { ...toGateway, arp_op: arpOperation.reply },
          actions: [...toAskers, ...actions],
          next,
        },
        // Of frames to a gateway only such answers go from host to host.
        ...(resolves && hasPeers
          ? [
              {
                table: 'forward' as const,
                priority: priority.high,
                match: { ...toGateway, from_peer: 1 },
                actions,
                next,
              },
            ]
          : []),
      ];
    }),
  ],
  answers: { next_hop: resolve, neighbour_heard: heard },
  tells: { next_hop: silentStation },
  limit: { burst: 200, perSecond: 100 },
});

/** Next hops that have answered: a row for each. Whoever announces another MAC address for one is heard too. */
export const resolved = feature({
  name: 'resolved',
  doc: 'Resolves IP addresses of stations that have answered the agent.',
  cookie: 13,
  says: {
    neighbour: ({ before, sets }) => `${before.target_ip} is a station in ${before.domain}, at ${sets.target_mac}`,
    uplink: 'no interface on this switch has its MAC address; the agent hears it',
  },
  source: { of: 'resolved' },
  adopts: { into: 'resolved', table: 'neighbour', row: resolvedIn },
  select: (view, id) => {
    const { domain_id, ip, mac } = view.get('resolved', id)!;
    return view.get('open_domain', domain_id) && { domain: domain_id, ip, mac };
  },
  flows: ({ domain, ip, mac }) => [
    {
      table: 'neighbour',
      priority: priority.normal,
      // ARP requests for a station go to the station: an answer from here would show its MAC address at a second place of the wire.
      match: { domain, target_ip: ip, eth_type: ethernet.ipv4 },
      actions: [load('target_mac', mac), load('known', 1)],
    },
    {
      table: 'uplink',
      priority: priority.normal + 1,
      match: { domain, eth_type: ethernet.arp, arp_op: arpOperation.request, arp_spa: ip },
      actions: handOverCopy('neighbour_heard'),
      next: 'identity',
    },
  ],
});

/** The row of which a flow of table `neighbour` was made. */
function resolvedIn({ match, instructions }: DecodedFlow, id: number): Resolved | undefined {
  const read = (name: 'domain' | 'target_ip'): number => {
    const { field, offset, bits } = places[name];
    const given = match[field] as { value: number } | number | undefined;
    const value = typeof given === 'object' ? given.value : (given ?? 0);
    return Math.floor(value / 2 ** offset) % 2 ** bits;
  };
  const loads = instructions.flatMap((each) => (each.type === 'apply_actions' ? each.actions : []));
  const mac = loads.find((action) => action.type === 'load' && action.to.field === places.target_mac.field);
  if (mac?.type !== 'load') return undefined;
  return { id, domain_id: read('domain'), ip: read('target_ip'), mac: Number(mac.value) };
}

async function resolve(packet: Parameters<Answer>[0], lookup: Lookup): Promise<readonly Reply[]> {
  const { frame, port, register, restore } = packet;
  const found = await lookup.resolve({ domain: register('domain'), ip: register('target_ip') });
  if (typeof found === 'string') {
    lookup.count(found);
    return found === 'nobody' ? icmpErrors.host_unreachable(packet, lookup) : [];
  }
  lookup.count('resolved');
  return [
    { frame, in_port: port, actions: [...restore(), load('target_mac', found), load('known', 1), ask('rewrite')] },
  ];
}

function silentStation({ view, register, before }: Punted): Fate {
  const [network] = networksIn(view, register('domain'));
  return {
    text: `waits until ${before.target_ip} in ${before.domain} has told the agent its MAC address`,
    cause: network && { what: 'silent_station', network_id: network.id, address: register('target_ip') },
  };
}

/** A station speaks for itself only: with the MAC address that it sends from, and which the guards have seen. */
function heard({ frame, register }: Parameters<Answer>[0], lookup: Lookup): [] {
  const { src, payload } = decodeEthernet(frame);
  const { sha, spa } = decodeArp(payload);
  if (sha === src) lookup.heard({ domain: register('domain'), ip: spa }, sha);
  else lookup.count('not of its sender');
  return [];
}
