import { decodeEthernet, decodeIpv4, encodeEthernet, fragmentIpv4, ipv4Size } from '@openvnet/packet';
import { type Answer, feature, type Lookup } from '../engine/feature.ts';
import { objectOfDomain } from '../pipeline/domains.ts';
import { ask, ethernet, isWithin, load, priority, toAgent } from '../pipeline/flow.ts';
import { icmpErrorBack } from './icmp-errors.ts';

/**
 * Packets that are routed into a network and larger than it takes: the agent sends them on in fragments, or, where they
 * must not be fragmented, tells their sender what the network takes. RFC 791, 2.3; RFC 1191, 4.
 */
export const pathMtu = feature({
  name: 'path_mtu',
  doc: 'Hands routed packets that are larger than their next network takes to the agent.',
  cookie: 14,
  source: { of: 'network', when: ({ mtu }) => mtu != null },
  select: (view, id) => view.get('network_domain', id)?.domain_id,
  flows: (network) => [
    {
      table: 'rewrite',
      // Below what has no time left to live, which is so whatever the size.
      priority: priority.normal + 1,
      match: { network, eth_type: ethernet.ipv4, known: 1, too_large: 1 },
      actions: [toAgent('fragmentation_needed')],
    },
  ],
  answers: { fragmentation_needed: answer },
  limit: { burst: 100, perSecond: 100 },
});

function answer(...[packet, lookup]: Parameters<Answer>): ReturnType<Answer> {
  const mtu = mtuOf(lookup, packet.register('network'), packet.register('target_ip'));
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

/** What the network of `ip` takes; of several in one segment, the one that has the address, or else the strictest. */
function mtuOf(lookup: Lookup, domain: number, ip: number): number | undefined {
  const { kind, id } = objectOfDomain(domain);
  const own = kind === 'network' ? lookup.get('network', id) : undefined;
  const networks = kind === 'segment' ? lookup.where('network', 'segment_id', id) : own ? [own] : [];
  const has = networks.filter(({ ipv4_network, ipv4_prefix }) => isWithin(ip, ipv4_network, ipv4_prefix));
  const sizes = (has.length > 0 ? has : networks).flatMap(({ mtu }) => mtu ?? []);
  return sizes.length > 0 ? Math.min(...sizes) : undefined;
}
