import { isIP } from 'node:net';
import { parseIpv4 } from '@openvnet/model';
import type { Action, MatchValue } from '@openvnet/openflow';
import { feature } from '../engine/feature.ts';
import { load, move, output, priority, setField } from '../pipeline/flow.ts';

/**
 * Tunnels to other hosts. The key of a frame is its broadcast domain; the host of the sender has filtered and routed it, that of
 * the receiver delivers it. What came out of a tunnel goes into another one
 * only after this host has routed it (`outside.ts`).
 */
export const tunnel = feature({
  name: 'tunnel',
  doc: 'Accepts frames that come out of a tunnel.',
  cookie: 0x20,
  says: { admit: 'it comes out of a tunnel' },
  source: { of: 'tunnel' },
  select: (view, id) => view.get('tunnel', id),
  flows: ({ id }) => [{ table: 'admit', priority: priority.high, match: { in_port: id }, next: 'from_peer' }],
});

/** Other hosts: a flow for what comes from each of them, and one for what goes to it. */
export const peer = feature({
  name: 'peer',
  doc: 'Carries frames to and from each other host.',
  cookie: 0x21,
  says: {
    from_peer: ({ object_uuid, before }) => `sent by ${object_uuid}; the packet is in ${before.tunnel_id}`,
    to_peer: ({ object_uuid, before }) => `sent to ${object_uuid}; the packet is in ${before.domain}`,
  },
  source: { of: 'peer' },
  select: (view, id) => view.get('peer', id),
  flows: ({ id, port, address }) => [
    {
      table: 'from_peer',
      priority: priority.normal,
      match: { in_port: port, ...sentBy(address) },
      actions: [move('tunnel_key', 'domain'), load('from_peer', 1)],
      next: 'resume',
    },
    {
      table: 'to_peer',
      priority: priority.normal,
      match: { peer: id },
      actions: [...sendTo(address), move('domain', 'tunnel_key'), output(port)],
    },
  ],
});

/** What tells frames from a host of this tunnel address. */
export function sentBy(address: string): { tun_src?: MatchValue; tun_ipv6_src?: MatchValue } {
  return isIP(address) === 6 ? { tun_ipv6_src: ipv6Bits(address) } : { tun_src: parseIpv4(address)! };
}

/** Where both are set, IPv4 would win. */
function sendTo(address: string): Action[] {
  return isIP(address) === 6
    ? [setField('tun_dst', 0), setField('tun_ipv6_dst', ipv6Bits(address))]
    : [setField('tun_dst', parseIpv4(address)!)];
}

/** The 128 bits of an IPv6 address. */
export function ipv6Bits(address: string): bigint {
  const [, groups] = /^\[(.*)\]$/.exec(new URL(`http://[${address}]`).hostname)!;
  const [left, right] = groups!.split('::').map((half) => half.split(':').filter(Boolean));
  const zeros = Array.from({ length: 8 - left!.length - (right?.length ?? 0) }, () => '0');
  return BigInt(`0x${[...left!, ...zeros, ...(right ?? [])].map((group) => group.padStart(4, '0')).join('')}`);
}
