import { decodeEthernet, decodeIpv4, encodeEthernet, fragmentIpv4, ipv4Size } from '@openvnet/packet';
import { type Answer, feature, type Lookup } from '../engine/feature.ts';
import type { Fate, Punted } from '../engine/says.ts';
import { ask, ethernet, handOver, isWithin, load, packetSize, priority } from '../pipeline/flow.ts';
import { networksIn } from './broadcast-domains.ts';
import { icmpErrorBack } from './icmp-errors.ts';

/**
 * Packets that are routed into a network and larger than it takes: the agent sends them on in fragments, or, where they
 * must not be fragmented, tells their sender what the network takes. RFC 791, 2.3; RFC 1191, 4.
 */
export const pathMtu = feature({
  name: 'path_mtu',
  doc: 'Punts routed packets that exceed the MTU of their next network to the agent.',
  cookie: 14,
  says: {
    rewrite: ({ before }) => `it is larger than ${before.domain} takes`,
  },
  source: { of: 'network', when: ({ mtu }) => mtu != null },
  select: (view, id) => view.get('network_domain', id)?.domain_id,
  flows: (domain) => [
    {
      table: 'rewrite',
      // Below what has no time left to live, which is so whatever the size.
      priority: priority.normal + 1,
      match: { domain, eth_type: ethernet.ipv4, known: 1, too_large: 1 },
      ...handOver('fragmentation_needed'),
    },
  ],
  answers: { fragmentation_needed: answer },
  tells: { fragmentation_needed: tooLarge },
  limit: { burst: 100, perSecond: 100 },
});

function answer(...[packet, lookup]: Parameters<Answer>): ReturnType<Answer> {
  const mtu = mtuIn(lookup, packet.register('domain'), packet.register('target_ip'))?.mtu;
  if (mtu === undefined) return [];
  const { payload, ...header } = decodeEthernet(packet.frame);
  const whole = decodeIpv4(payload);
  if (whole.dont_fragment && ipv4Size(whole) > mtu) {
    lookup.count('told');
    return icmpErrorBack(packet, lookup, { type: 3, code: 4, mtu });
  }
  lookup.count('fragmented');
  // Each goes on where the packet was handed over, and counts down its time to live there.
  const actions = [...packet.restore(), load('too_large', 0), ask('rewrite')];
  const back = { actions, in_port: packet.port };
  return fragmentIpv4(whole, mtu).map((part) => ({ frame: encodeEthernet({ ...header, payload: part }), ...back }));
}

/** A packet with don't-fragment set; others go on in fragments, which are told by themselves. */
function tooLarge({ view, packet, register }: Punted): Fate {
  const domain = register('domain');
  const found = mtuIn(view, domain, register('target_ip'));
  const size = packetSize(Number(packet.size));
  const network = networksIn(view, domain).find(({ uuid }) => uuid === found?.network);
  return {
    text: `its ${size} bytes are more than the ${found?.mtu} that ${found?.network} takes, and don't-fragment is set: its sender receives ICMP fragmentation needed`,
    cause: network && { what: 'too_large', network_id: network.id, size },
  };
}

/** What the network of `ip` takes; of several in one segment, the one that has the address, or else the strictest. */
function mtuIn(
  view: Pick<Lookup, 'get' | 'where'>,
  domain: number,
  ip: number,
): { readonly network: string; readonly mtu: number } | undefined {
  const networks = networksIn(view, domain);
  const has = networks.filter(({ ipv4_network, ipv4_prefix }) => isWithin(ip, ipv4_network, ipv4_prefix));
  const sizes = (has.length > 0 ? has : networks).flatMap(({ uuid, mtu }) =>
    mtu == null ? [] : [{ network: uuid, mtu }],
  );
  return sizes.sort((a, b) => a.mtu - b.mtu)[0];
}
