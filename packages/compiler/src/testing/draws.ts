/** What random topologies are made of: ports, hosts, and the draws that `random.ts` makes rows of. */
import { type Encapsulation, encapsulations } from '@openvnet/model';
import fc from 'fast-check';
import { localPort } from '../pipeline/ports.ts';

/** Ports that guests and uplinks may have; one more is nobody's. */
export const guestPorts = [11, 12, 13, 14, 15, 16] as const;
export const uplinkPorts = [21, 22, 23] as const;
export const strangerPort = 19;
/** Ports of TCP and UDP that rules, translations, services and packets choose from. */
export const someServices = [80, 8080, 53, 5353] as const;

/** The datapath that every topology is for, and those of other hosts: one before it and one after it. */
export const drawnDatapath = 2;
export const otherHosts = [1, 3] as const;

/** The tunnel ports of the switch that every topology is for. */
export const tunnelPorts: ReadonlyMap<number, Encapsulation> = new Map(
  encapsulations.map((encapsulation, i) => [1001 + i, encapsulation]),
);

/** The ports of the switch that every topology is for, by number. */
export const switchPorts: ReadonlyMap<number, string> = new Map<number, string>([
  ...[...guestPorts, ...uplinkPorts, strangerPort].map((port) => [port, `if-${port}`] as const),
  [localPort, 'br0'],
]);

const seldom = fc.constantFrom(true, false, false);
const mostly = fc.constantFrom(true, true, true, true, false);
const many = <T>(one: fc.Arbitrary<T>, minLength: number, maxLength: number) =>
  fc.array(one, { minLength, maxLength, size: 'max' });
const drawnAddress = fc.record({ network: fc.nat(3), host: fc.integer({ min: 1, max: 6 }), ownMac: fc.boolean() });
export type DrawnAddress = typeof drawnAddress extends fc.Arbitrary<infer D> ? D : never;

export const draw = fc.record({
  networks: many(
    fc.record({
      range: fc.integer({ min: 1, max: 3 }),
      mtu: fc.constantFrom(null, 1400, 1400),
      segment: fc.constantFrom(null, null, 1, 2),
      mode: fc.constantFrom('virtual', 'physical'),
    }),
    1,
    4,
  ),
  segments: fc.tuple(fc.constantFrom('virtual', 'physical'), fc.constantFrom('virtual', 'physical')),
  guests: many(
    fc.record({
      places: many(drawnAddress, 0, 2),
      segment: fc.constantFrom(null, 1, 2),
      filtered: seldom,
      routing: seldom,
    }),
    2,
    guestPorts.length,
  ),
  host: fc.option(drawnAddress),
  gateways: many(fc.record({ places: many(drawnAddress, 1, 2), translates: fc.boolean() }), 1, 4),
  uplinks: many(
    fc.record({
      mode: fc.constantFrom('promiscuous', 'patch', 'host'),
      by: fc.constantFrom('lease', 'static', 'datapath'),
      segment: fc.constantFrom(null, 1, 2),
      place: drawnAddress,
    }),
    0,
    uplinkPorts.length,
  ),
  encapsulations: fc.tuple(...[drawnDatapath, ...otherHosts].map(() => fc.constantFrom(null, null, ...encapsulations))),
  remotes: many(
    fc.record({
      host: fc.constantFrom(...otherHosts),
      places: many(drawnAddress, 0, 2),
      segment: fc.constantFrom(null, 1, 2),
      movesTo: fc.constantFrom(null, null, ...otherHosts),
    }),
    0,
    3,
  ),
  remoteUplinks: many(
    fc.record({
      host: fc.constantFrom(...otherHosts),
      mode: fc.constantFrom('promiscuous', 'host'),
      segment: fc.constantFrom(null, 1, 2),
      network: fc.nat(3),
    }),
    0,
    2,
  ),
  /** A guest here that is on another host as well. */
  moving: fc.option(fc.record({ guest: fc.nat(), host: fc.constantFrom(...otherHosts), standby: fc.boolean() }), {
    freq: 2,
  }),
  statics: many(fc.record({ guest: fc.nat(), segment: fc.constantFrom(null, 1, 2), network: fc.nat(3) }), 0, 2),
  routes: many(
    fc.record({
      gateway: fc.nat(),
      place: fc.option(fc.nat(1)),
      link: fc.integer({ min: 1, max: 2 }),
      range: fc.nat(),
      prefix: fc.oneof(fc.constantFrom(24, 24, 32, 0), fc.integer({ min: 0, max: 32 })),
      nextHop: fc.option(fc.nat(), { freq: 2 }),
      ingress: mostly,
      egress: mostly,
    }),
    2,
    8,
  ),
  filters: many(
    fc.record({
      guest: fc.nat(),
      passthrough: fc.record({ egress: seldom, ingress: seldom }),
      rules: many(
        fc.record({
          protocol: fc.constantFrom('tcp', 'udp', 'icmp', 'arp', 'ip', 'all'),
          action: fc.constantFrom('pass', 'drop', 'conn', 'conn'),
          src: fc.nat(),
          src_prefix: fc.constantFrom(0, 0, 0, 24, 32),
          dst: fc.nat(),
          dst_prefix: fc.constantFrom(0, 0, 0, 24, 32),
          src_port: fc.constantFrom(null, null, 0, ...someServices),
          dst_port: fc.constantFrom(null, null, 0, ...someServices),
        }),
        0,
        4,
      ),
    }),
    0,
    6,
  ),
  translations: many(
    fc.record({
      gateway: fc.nat(),
      passthrough: seldom,
      entries: many(
        fc.record({
          leased: mostly,
          inside: fc.nat(),
          ports: fc.option(fc.tuple(fc.constantFrom(...someServices), fc.constantFrom(...someServices))),
          route_link_id: fc.constantFrom(null, null, 1, 2),
        }),
        1,
        3,
      ),
    }),
    0,
    4,
  ),
  services: many(
    fc.record({
      gateway: fc.nat(),
      mode: fc.constantFrom('dhcp', 'dns'),
      incoming_port: fc.constantFrom(null, null, 5353),
    }),
    0,
    4,
  ),
  resolved: many(fc.record({ network: fc.nat(3), host: fc.nat(2), mac: fc.nat(2) }), 0, 3),
});
export type Draw = typeof draw extends fc.Arbitrary<infer D> ? D : never;
