/** Packets drawn by lot for topologies that were: of guests, of stations outside, and of those who pretend. */
import fc from 'fast-check';
import { routedMacs } from '../features/routed-macs.ts';
import { segmentDomain } from '../pipeline/domain-numbers.ts';
import type { Copy, Packet } from '../simulate/simulate.ts';
import { macOf } from './model.ts';
import {
  type Address,
  addressIn,
  drawnDatapath,
  someServices,
  strangerPort,
  type Topology,
  tunnelPorts,
} from './random.ts';

const kinds = [
  ...[
    'echo',
    'echo',
    'redirect',
    'error',
    'udp',
    'udp',
    'tcp',
    'tcp',
    'dns',
    'dhcp',
    'discover',
    'fragment',
    'fragment',
    'fragment',
  ],
  ...['request', 'request', 'reply', 'announce', 'ipv6', 'other'],
] as const;

/** In what a packet is not its sender's: `all` is all of somebody else, `group` and `none` are MAC addresses of nobody. */
const wrongs = ['port', 'mac', 'ip', 'sha', 'all', 'group', 'none', 'tag'] as const;

const drawnPacket = fc.record({
  kind: fc.constantFrom(...kinds),
  sender: fc.nat(),
  place: fc.nat(1),
  /** To whom: one station, or the MAC address of one with the IP address of another. */
  mac: fc.nat(),
  ip: fc.option(fc.nat(), { freq: 2 }),
  ports: fc.tuple(fc.constantFrom(40_000, ...someServices), fc.constantFrom(40_000, ...someServices)),
  later: fc.boolean(),
  ttl: fc.constantFrom(64, 64, 64, 64, 2, 1, 0),
  size: fc.constantFrom(98, 1414, 1415, 1514, 1514),
  wrong: fc.constantFrom(...Array<'nothing'>(14).fill('nothing'), ...wrongs),
});

export type DrawnPacket = typeof drawnPacket extends fc.Arbitrary<infer D> ? D : never;

export const packets = (least: number, most = least): fc.Arbitrary<DrawnPacket[]> =>
  fc.array(drawnPacket, { minLength: least, maxLength: most, size: 'max' });

/** A packet of somebody in the topology, or of someone who pretends to be. */
export function packetOf(topology: Topology, drawn: DrawnPacket): Packet {
  const { guests, gateways, uplinks, remotes, outside } = topology;
  const { kind, sender, place, mac, ip, ports, later, ttl, size, wrong } = drawn;
  const doors = [...gateways, ...uplinks].flatMap(({ places }) => places);
  const near = [...guests, ...remotes].flatMap(({ places }) => places);
  const strange = [
    ...outside,
    { network: 0, mac: macOf(7777), ip: 0x0808_0808 },
    { network: 0, mac: macOf(9001), ip: addressIn(1, 200) },
  ];
  const senders: Sender[] = [
    ...guests,
    ...uplinks.map(({ port }) => ({ port, places: strange })),
    ...remotes.filter(({ places }) => places.length > 0),
  ];
  const from = senders[sender % senders.length]!;
  const own = from.places[place % from.places.length]!;
  const groups = [broadcast, 0x01005e000001].map((group) => ({ mac: group, ip: 0xffff_ffff }));
  const here = [...near, ...doors, ...doors, ...outside].filter(({ network }) => network === own.network);
  const all = [...here, ...here, ...near, ...doors, ...strange, ...groups, { mac: broadcast, ip: 0 }];
  const to = all[mac % all.length]!;
  const toIp = ip === null ? to.ip : all[ip % all.length]!.ip;
  const other = all[(mac + 1) % (all.length - 3)]!;
  // A packet that its sender's host has left to this one to route.
  const routed = from.port === undefined && (place + sender) % 3 === 0 && gateways.length > 0 && kind !== 'request';
  const ether = {
    ...(from.port === undefined ? tunnelled(topology, drawn, own, from.host!) : { in_port: from.port }),
    ...(wrong === 'port' && { in_port: strangerPort }),
    eth_src: routed
      ? routedMacs.gateway.value + gateways[mac % gateways.length]!.id
      : senderMac(wrong, own.mac, other.mac),
    eth_dst: routed ? routedMacs.routeLink.value + 1 + (mac % 2) : to.mac,
    ...(wrong === 'tag' && { vlan_vid: 0x1000 + (later ? 10 : 0) }),
  };
  const ownIp = wrong === 'ip' || wrong === 'all' ? other.ip : own.ip;
  const ipv4 = { ...ether, eth_type: 0x0800, ipv4_src: ownIp, ipv4_dst: toIp, nw_ttl: ttl, size };
  const icmp = { ...ipv4, ip_proto: 1 };
  const udp = { ...ipv4, ip_proto: 17 };
  const [from_port, to_port] = ports;
  const arp = {
    ...ether,
    eth_type: 0x0806,
    arp_sha: wrong === 'sha' || wrong === 'all' ? other.mac : own.mac,
    arp_spa: ownIp,
  };
  switch (kind) {
    case 'echo':
      return { ...icmp, icmpv4_type: 8, icmpv4_code: 0 };
    case 'redirect':
      return { ...icmp, icmpv4_type: 5, icmpv4_code: 1 };
    case 'error':
      return { ...icmp, icmpv4_type: 3, icmpv4_code: 1 };
    case 'udp':
      return { ...udp, udp_src: from_port, udp_dst: to_port };
    case 'tcp':
      return { ...ipv4, ip_proto: 6, tcp_src: from_port, tcp_dst: to_port };
    case 'dns':
      return later ? { ...ipv4, ip_proto: 6, tcp_src: 40_000, tcp_dst: 53 } : { ...udp, udp_src: 40_000, udp_dst: 53 };
    case 'dhcp':
      return { ...udp, udp_src: later ? 67 : 68, udp_dst: later ? 68 : 67 };
    case 'discover':
      return { ...udp, eth_dst: broadcast, ipv4_src: 0, ipv4_dst: 0xffff_ffff, udp_src: 68, udp_dst: 67 };
    case 'fragment':
      if (later) return { ...ipv4, ip_proto: ttl === 64 ? 17 : 6, ip_frag: 3 };
      return { ...udp, ip_frag: 1, udp_src: from_port, udp_dst: to_port };
    case 'request':
      return { ...arp, ...(ttl === 64 && { eth_dst: broadcast }), arp_op: 1, arp_tha: 0, arp_tpa: toIp };
    case 'reply':
      return { ...arp, arp_op: 2, arp_tha: to.mac, arp_tpa: toIp };
    case 'announce':
      return { ...arp, eth_dst: broadcast, arp_op: ttl === 64 ? 1 : 2, arp_tha: 0, arp_tpa: ownIp };
    case 'ipv6':
      return { ...ether, eth_type: 0x86dd };
    case 'other':
      if (later) return { ...ether, eth_type: 0x8035, ...(ttl === 64 && { eth_dst: broadcast }) };
      return { ...ether, eth_type: 0x88cc };
  }
}

function senderMac(wrong: DrawnPacket['wrong'], own: number, other: number): number {
  if (wrong === 'group') return 0x01005e000001;
  if (wrong === 'none') return 0;
  return wrong === 'mac' || wrong === 'all' ? other : own;
}

interface Sender {
  readonly port?: number;
  readonly host?: number;
  readonly places: readonly Address[];
}

/** How a packet comes out of a tunnel; now and then from another host, or in another network, than it should. */
function tunnelled({ rows }: Topology, { wrong, mac, later }: DrawnPacket, { network }: Address, from: number) {
  const host = wrong === 'ip' ? (mac % 4) + 1 : from;
  const segment = rows.find(([kind, { id }]) => kind === 'network' && id === network)?.[1] as { segment_id?: number };
  const domain = segment?.segment_id ? segmentDomain(segment.segment_id)! : network;
  const ports = [...tunnelPorts.keys()];
  const tunnel = { tun_src: 0xac1f_0000 + host, tun_dst: 0xac1f_0000 + drawnDatapath };
  return { in_port: ports[later ? mac % ports.length : 0]!, ...tunnel, tunnel_id: wrong === 'sha' ? mac % 5 : domain };
}

/** What whoever gets an IPv4 packet would say to it. */
export function answerTo({ port, packet }: Copy): Packet | undefined {
  if (Number(packet.eth_type) !== 0x0800) return undefined;
  const swapped: Record<string, number | bigint> = { ...packet, in_port: port, nw_ttl: 64 };
  for (const [one, other] of pairs) {
    if (packet[one] === undefined || packet[other] === undefined) continue;
    [swapped[one], swapped[other]] = [packet[other], packet[one]];
  }
  if (packet.icmpv4_type !== undefined) swapped.icmpv4_type = 0;
  return swapped;
}

const pairs = [
  ['eth_src', 'eth_dst'],
  ['ipv4_src', 'ipv4_dst'],
  ['tcp_src', 'tcp_dst'],
  ['udp_src', 'udp_dst'],
] as const;

const broadcast = 0xffff_ffff_ffff;
