/** Topologies and packets drawn by lot, for properties. What is drawn is small, so that much of it meets. */
import fc from 'fast-check';
import type { Packet } from './simulate.ts';
import { interfaceRows, macOf, networkRows, type Put, routeRows } from './testing.ts';

/** An address of an interface. */
interface Place {
  readonly network: number;
  readonly mac: number;
  readonly ip: number;
}

export interface Topology {
  readonly rows: readonly Put[];
  readonly guests: readonly { readonly port: number; readonly places: readonly Place[] }[];
  readonly gateways: readonly { readonly id: number; readonly places: readonly Place[] }[];
}

/** Ports that guests may have; one more is nobody's. */
export const guestPorts = [11, 12, 13, 14, 15, 16] as const;
export const strangerPort = 19;
const firstGateway = 101;

const drawnPlace = fc.record({ network: fc.nat(3), host: fc.integer({ min: 1, max: 6 }), ownMac: fc.boolean() });
const drawnPlaces = fc.array(drawnPlace, { minLength: 1, maxLength: 2 });
const drawnRoute = fc.record({
  gateway: fc.nat(3),
  place: fc.option(fc.nat(1)),
  link: fc.integer({ min: 1, max: 2 }),
  range: fc.nat(),
  prefix: fc.oneof(fc.constantFrom(24, 24, 32, 0), fc.integer({ min: 0, max: 32 })),
  ingress: fc.oneof({ weight: 4, arbitrary: fc.constant(true) }, { weight: 1, arbitrary: fc.constant(false) }),
  egress: fc.oneof({ weight: 4, arbitrary: fc.constant(true) }, { weight: 1, arbitrary: fc.constant(false) }),
});

/** Up to four networks, of which some have the same range; guests and gateways with one or two addresses; routes. */
export const topology: fc.Arbitrary<Topology> = fc
  .record({
    ranges: fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 4 }),
    mtus: fc.array(fc.constantFrom(null, 1400, 1400), { minLength: 4, maxLength: 4 }),
    guests: fc.array(drawnPlaces, { minLength: 1, maxLength: guestPorts.length }),
    gateways: fc.array(drawnPlaces, { minLength: 1, maxLength: 4 }),
    routes: fc.array(drawnRoute, { maxLength: 8 }),
  })
  .map(({ ranges, mtus, guests, gateways, routes }) => {
    const rows: Put[] = ranges.flatMap((range, i) => networkRows(i + 1, addressIn(range, 0), { mtu: mtus[i] ?? null }));
    const make = (id: number, drawn: typeof drawnPlaces extends fc.Arbitrary<infer D> ? D : never, gateway: boolean) =>
      drawn.map(({ network, host, ownMac }, i): Place => {
        const at = network % ranges.length;
        const ip = addressIn(ranges[at]!, gateway ? 250 + (host % 3) : host);
        if (i === 0) rows.push(...interfaceRows(id, at + 1, ip, gateway ? 'simulated' : 'vif'));
        else rows.push(...secondPlace(id, at + 1, ip, ownMac));
        return { network: at + 1, mac: macOf(i === 1 && ownMac ? 1000 + id : id), ip };
      });
    const made = {
      guests: guests.map((drawn, i) => ({ port: guestPorts[i]!, places: make(guestPorts[i]!, drawn, false) })),
      gateways: gateways.map((drawn, i) => ({ id: firstGateway + i, places: make(firstGateway + i, drawn, true) })),
    };
    const addresses = [...made.guests, ...made.gateways].flatMap(({ places }) => places.map(({ ip }) => ip));
    for (const [i, { gateway, place, link, range, prefix, ingress, egress }] of routes.entries()) {
      const { id, places } = made.gateways[gateway % made.gateways.length]!;
      const network = place === null ? null : places[place % places.length]!.network;
      const ipv4_network = mask(addresses[range % addresses.length]!, prefix);
      rows.push(
        ...routeRows(i + 1, link, id, 0, { network_id: network, ipv4_network, ipv4_prefix: prefix, ingress, egress }),
      );
    }
    return { rows, ...made };
  });

function addressIn(range: number, host: number): number {
  return 0x0a000000 + range * 256 + host;
}

function mask(address: number, prefix: number): number {
  return prefix === 0 ? 0 : (address & (0xffff_ffff << (32 - prefix))) >>> 0;
}

/** A second address of an interface, with its first MAC address or one of its own. */
function secondPlace(id: number, network: number, ip: number, ownMac: boolean): Put[] {
  const [, , mac, lease] = interfaceRows(id, network, ip) as [Put, Put, Put & ['mac_lease', object], Put];
  const other = 1000 + id;
  const macLease = { ...mac[1], id: other, mac_address: macOf(other) };
  const ipLease = { ...lease[1], id: other, ...(ownMac && { mac_lease_id: other }) };
  return [...(ownMac ? [['mac_lease', macLease] as Put] : []), ['ip_lease', ipLease] as Put];
}

const kinds = ['echo', 'ping', 'udp', 'tcp', 'redirect', 'request', 'request', 'reply', 'announce', 'ipv6'] as const;

const drawnPacket = fc.record({
  kind: fc.constantFrom(...kinds),
  guest: fc.nat(),
  place: fc.nat(1),
  mac: fc.nat(),
  ip: fc.nat(),
  ttl: fc.constantFrom(64, 64, 64, 64, 2, 1, 0),
  size: fc.constantFrom(98, 1414, 1415, 1514, 1514),
  wrong: fc.constantFrom(...Array(12).fill('nothing'), 'port', 'mac', 'ip', 'sha') as fc.Arbitrary<
    'nothing' | 'port' | 'mac' | 'ip' | 'sha'
  >,
});

export type DrawnPacket = typeof drawnPacket extends fc.Arbitrary<infer D> ? D : never;

export const packets = (most: number): fc.Arbitrary<DrawnPacket[]> =>
  fc.array(drawnPacket, { minLength: 1, maxLength: most, size: 'max' });

/** A packet of a guest of the topology, or of someone who pretends to be one. */
export function packetOf({ guests, gateways }: Topology, drawn: DrawnPacket): Packet {
  const { kind, guest, place, mac, ip, ttl, size, wrong } = drawn;
  const sender = guests[guest % guests.length]!;
  const own = sender.places[place % sender.places.length]!;
  const doors = gateways.flatMap(({ places }) => places);
  const all = [...guests.flatMap(({ places }) => places), ...doors];
  const macs = [...all.map((one) => one.mac), ...doors.map((one) => one.mac), broadcast, 0x01005e000001, macOf(7777)];
  const ips = [...all.map((one) => one.ip), 0x08080808, addressIn(1, 200), addressIn(2, 200), 0xffff_ffff, 0];
  const [toMac, toIp] = [macs[mac % macs.length]!, ips[ip % ips.length]!];
  const other = all[(mac + 1) % all.length]!;
  const from = {
    in_port: wrong === 'port' ? strangerPort : sender.port,
    eth_src: wrong === 'mac' ? other.mac : own.mac,
  };
  const ownIp = wrong === 'ip' ? other.ip : own.ip;
  const ipv4 = { ...from, eth_dst: toMac, eth_type: 0x0800, ipv4_src: ownIp, ipv4_dst: toIp, nw_ttl: ttl, size };
  const arp = {
    ...from,
    eth_type: 0x0806,
    arp_sha: wrong === 'sha' ? other.mac : own.mac,
    arp_spa: ownIp,
  };
  switch (kind) {
    case 'echo':
    case 'ping':
      return { ...ipv4, ip_proto: 1, icmpv4_type: 8, icmpv4_code: 0 };
    case 'redirect':
      return { ...ipv4, ip_proto: 1, icmpv4_type: 5, icmpv4_code: 1 };
    case 'udp':
      return { ...ipv4, ip_proto: 17, udp_src: 68, udp_dst: 67 };
    case 'tcp':
      return { ...ipv4, ip_proto: 6, tcp_src: 40_000, tcp_dst: 80 };
    case 'request':
      return { ...arp, eth_dst: ttl === 64 ? broadcast : toMac, arp_op: 1, arp_tha: 0, arp_tpa: toIp };
    case 'reply':
      return { ...arp, eth_dst: toMac, arp_op: 2, arp_tha: toMac, arp_tpa: toIp };
    case 'announce':
      return { ...arp, eth_dst: broadcast, arp_op: ttl === 64 ? 1 : 2, arp_tha: 0, arp_tpa: ownIp };
    case 'ipv6':
      return { ...from, eth_dst: toMac, eth_type: 0x86dd };
  }
}

const broadcast = 0xffff_ffff_ffff;
