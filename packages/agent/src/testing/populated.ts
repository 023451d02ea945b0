/** One of everything on a host: networks, segments, a router, services, filters, a translation, ranges and policies. For tests. */
import { dpid, Host } from './host.ts';
import { address, macOf, macText, type Station, Wires } from './wires.ts';

type Form = Readonly<Record<string, string>>;

/** Who is where: number of the port and of the MAC address, and the address. */
export const guests = {
  'if-1': { number: 1, network: 'nw-1', ip: '10.0.1.1' },
  'if-2': { number: 2, network: 'nw-1', ip: '10.0.1.2' },
  'if-3': { number: 3, network: 'nw-2', ip: '10.0.2.3' },
  /** Has addresses in two networks. */
  'if-4': { number: 4, network: 'nw-1', ip: '10.0.1.4' },
  'if-5': { number: 5, network: 'nw-3', ip: '10.0.3.5' },
  'if-6': { number: 6, network: 'nw-2', ip: '10.0.2.6' },
} as const;
const inSegments = { 'if-s1': [11, 'seg-1'], 'if-s2': [12, 'seg-1'], 'if-s3': [13, 'seg-2'] } as const;
const gateways = {
  'if-gw1': { number: 101, network: 'nw-1', ip: '10.0.1.254' },
  'if-gw2': { number: 102, network: 'nw-2', ip: '10.0.2.254' },
  /** Translates addresses, though none are given. */
  'if-gw3': { number: 104, network: 'nw-3', ip: '10.0.3.254' },
  'if-srv': { number: 103, network: 'nw-1', ip: '10.0.1.253' },
} as const;

/** Someone by name: a guest or a gateway. */
export function station(name: keyof typeof guests | keyof typeof gateways): Station {
  const { number, ip } = { ...guests, ...gateways }[name];
  return { mac: macOf(number), ip: address(ip) };
}

/** The MAC address of a guest in a segment. */
export function stationIn(name: keyof typeof inSegments): number {
  return macOf(inSegments[name][0]);
}

/** An address behind a gateway. */
export function by(gateway: keyof typeof gateways, ip: string): Station {
  return { mac: station(gateway).mac, ip: address(ip) };
}

const interfaces: readonly Form[] = [
  ...Object.entries({ ...guests, ...gateways }).map(([uuid, { number, network, ip }]) => ({
    uuid,
    network_uuid: network,
    ipv4_address: ip,
    mac_address: macText(macOf(number)),
    ...(uuid in gateways && { mode: 'simulated' }),
    ...(uuid === 'if-gw3' && { enable_route_translation: 'true' }),
    ...(uuid === 'if-3' && { enable_filtering: 'true' }),
  })),
  ...Object.entries(inSegments).map(([uuid, [number, segment_uuid]]) => ({
    uuid,
    segment_uuid,
    mac_address: macText(macOf(number)),
  })),
];

const calls: readonly [path: string, form: Form][] = [
  ['/datapaths', { uuid: 'dp-br0', display_name: 'br0', dpid: `0x${dpid}`, node_id: 'node1' }],
  ['/datapaths', { uuid: 'dp-other', display_name: 'elsewhere', dpid: '0xee', node_id: 'node2' }],
  ...[1, 2, 3].map((n): [string, Form] => [
    '/networks',
    {
      uuid: `nw-${n}`,
      display_name: `${n}`,
      ipv4_network: `10.0.${n}.0`,
      domain_name: `net${n}`,
      mode: 'virtual',
      mtu: '1400',
    },
  ]),
  ...[1, 2].map((n): [string, Form] => ['/segments', { uuid: `seg-${n}`, mode: 'virtual' }]),
  ...interfaces.map((form): [string, Form] => ['/interfaces', form]),
  ['/mac_leases', { uuid: 'ml-s3', interface_uuid: 'if-s3', segment_uuid: 'seg-2', mac_address: macText(macOf(14)) }],
  ['/ip_leases', { uuid: 'il-4b', interface_uuid: 'if-4', network_uuid: 'nw-3', ipv4_address: '10.0.3.4' }],
  [
    '/ip_leases',
    {
      uuid: 'il-out',
      interface_uuid: 'if-gw2',
      network_uuid: 'nw-2',
      ipv4_address: '10.0.2.100',
      enable_routing: 'true',
    },
  ],
  ['/ip_leases', { uuid: 'il-free', network_uuid: 'nw-1', ipv4_address: '10.0.1.9' }],
  ['/route_links', { uuid: 'rl-1' }],
  ['/route_links', { uuid: 'rl-2' }],
  ...[1, 2, 3].map((n): [string, Form] => [
    '/routes',
    { uuid: `r-${n}`, interface_uuid: `if-gw${n}`, route_link_uuid: 'rl-1', ipv4_network: `10.0.${n}.0` },
  ]),
  ['/network_services', { uuid: 'ns-dhcp', interface_uuid: 'if-srv', mode: 'dhcp' }],
  ['/network_services', { uuid: 'ns-dns', interface_uuid: 'if-srv', mode: 'dns' }],
  ['/dns_services', { uuid: 'dnss-1', network_service_uuid: 'ns-dns' }],
  ['/dns_services/dnss-1/dns_records', { uuid: 'dnsr-www', name: 'www', ipv4_address: '10.0.1.2' }],
  ['/filters', { uuid: 'fil-3', interface_uuid: 'if-3', mode: 'static' }],
  ['/filters/fil-3/static', { protocol: 'udp', src_address: '0.0.0.0/0', dst_address: '0.0.0.0/0', action: 'pass' }],
  ...[2, 3].map((n): [string, Form] => [
    '/translations',
    { uuid: `tr-${n}`, interface_uuid: `if-gw${n}`, mode: 'static_address' },
  ]),
  [
    '/translations/tr-2/static_address',
    { ingress_ipv4_address: '10.0.2.100', egress_ipv4_address: '10.0.1.1', route_link_uuid: 'rl-1' },
  ],
  ['/mac_range_groups', { uuid: 'mrg-1', allocation_type: 'random' }],
  ['/ip_range_groups', { uuid: 'iprg-1', allocation_type: 'incremental' }],
  ['/ip_lease_containers', { uuid: 'ilc-1' }],
  ['/ip_retention_containers', { uuid: 'irc-1', lease_time: '600', grace_time: '600' }],
  ['/lease_policies', { uuid: 'lp-1', timing: 'immediate' }],
  ['/topologies', { uuid: 'topo-1', mode: 'simple_overlay' }],
];

/** A host with all of it, in effect, and the wires of its guests. */
export async function populated(): Promise<{ host: Host; wires: Wires }> {
  await using stack = new AsyncDisposableStack();
  const host = stack.use(await Host.start());
  const wires = new Wires(host);
  await host.addBridge();
  for (const [path, form] of calls) await host.api('POST', path, form);
  await host.startAgent();
  for (const [name, { number }] of Object.entries(guests)) await wires.plug(name, number);
  for (const [name, [number]] of Object.entries(inSegments)) await wires.plug(name, number);
  await host.settled({ complete: false });
  stack.move();
  return { host, wires };
}
