import { ipv4ToText, macToText, type RowOf, type TraceQuestion } from '@openvnet/model';
import type { Attachment } from '../engine/relations.ts';
import { ethernet, frameSize, protocol as protocols } from '../pipeline/flow.ts';
import type { Packet } from '../simulate/simulate.ts';

const guestPort = 40_000;

/** What a guest sends to learn the MAC address of `target`. */
export function arpQuestion({ port, mac, ip }: Attachment, target: number): Packet {
  return {
    in_port: port!,
    eth_src: mac,
    eth_dst: 0xffff_ffff_ffff,
    eth_type: ethernet.arp,
    arp_op: 1,
    arp_sha: mac,
    arp_spa: ip,
    arp_tha: 0,
    arp_tpa: target,
  };
}

/** What a guest sends to `to` by way of `nextHop`, or, with `reply`, what it answers. */
export function guestPacket(
  { port, mac, ip }: Attachment,
  { to, nextHop, reply }: { to: number; nextHop: number; reply: boolean },
  { protocol, port: service, size }: Pick<TraceQuestion, 'protocol' | 'port' | 'size'>,
): Packet {
  const common = {
    in_port: port!,
    eth_src: mac,
    eth_dst: nextHop,
    eth_type: ethernet.ipv4,
    ipv4_src: ip,
    ipv4_dst: to,
    ip_proto: protocols[protocol],
    nw_ttl: 64,
    size: frameSize(size),
  };
  if (protocol === 'icmp') return { ...common, icmpv4_type: reply ? 0 : 8, icmpv4_code: 0 };
  const [source, target] = reply ? [service, guestPort] : [guestPort, service];
  return protocol === 'tcp'
    ? { ...common, tcp_src: source, tcp_dst: target }
    : { ...common, udp_src: source, udp_dst: target };
}

/** The MAC address to which a guest sends what is for everybody or for a group; undefined for what is for one. RFC 1112, 6.4. */
export function groupMac(
  ip: number,
  network: Pick<RowOf<'network'>, 'ipv4_network' | 'ipv4_prefix'>,
): number | undefined {
  const hosts = 2 ** (32 - network.ipv4_prefix);
  const last = Math.floor(network.ipv4_network / hosts) * hosts + hosts - 1;
  if (ip === 0xffff_ffff || (ip === last && hosts > 2)) return 0xffff_ffff_ffff;
  return ip >>> 28 === 0xe ? 0x0100_5e00_0000 + (ip % 0x80_0000) : undefined;
}

/** A packet as `ofproto/trace` takes it: without its size, so that the switch says what it does in either case. */
export function flowText({ size: _, ...packet }: Packet): string {
  return Object.entries(packet)
    .map(([name, value]) => {
      if (/^eth_(src|dst)$|^arp_[st]ha$/.test(name)) return `${name}=${macToText(Number(value))}`;
      if (/^ipv4_|^arp_[st]pa$|^tun_src$/.test(name)) return `${oldNames[name] ?? name}=${ipv4ToText(Number(value))}`;
      if (name === 'tun_ipv6_src') return `${name}=${ipv6Text(BigInt(value))}`;
      return `${oldNames[name] ?? name}=${value}`;
    })
    .join(',');
}

/** Fields that the switch's programs take only by the names they had first. */
const oldNames: Readonly<Record<string, string>> = {
  ipv4_src: 'nw_src',
  ipv4_dst: 'nw_dst',
  icmpv4_type: 'icmp_type',
  icmpv4_code: 'icmp_code',
  tunnel_id: 'tun_id',
};

/** All 128 bits, in groups of 16. */
function ipv6Text(address: bigint): string {
  return address
    .toString(16)
    .padStart(32, '0')
    .replace(/(.{4})(?!$)/g, '$1:');
}
