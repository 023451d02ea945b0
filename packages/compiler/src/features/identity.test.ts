import { beforeEach, describe, expect, it } from 'vitest';
import type { Packet } from '../simulate/simulate.ts';
import {
  arpRequest,
  echoRequest,
  filteringRow,
  filterRow,
  interfaceRows,
  macLeaseRow,
  macOf,
  networkRows,
  type Put,
  plainInterface,
  ruleRow,
  segment,
  segmentRow,
  staticRow,
  TestModel,
  TestSwitch,
} from '../testing/model.ts';

const broadcast = 0xffff_ffff_ffff;
const nic = 31;
const gateway = { mac: macOf(101), ip: 0x0a0001fe };
const guest = { mac: macOf(13), ip: 0x0a000103 };
const stranger = { mac: 0x0200_0000_0099, ip: 0x0a000163 };

let model: TestModel;
let vswitch: TestSwitch;

/**
 * Network 1 in segment 1: guests 13 and 14 and gateway 101 have addresses there, guests 11 and 12 are in the segment without,
 * and port 31 leads outside.
 */
beforeEach(() => {
  model = new TestModel();
  for (const row of [
    segmentRow(1),
    ...networkRows(1, undefined, { segment_id: 1 }),
    ...plainInterface(11, 'vif', 'if-11'),
    macLeaseRow(11, 11, 1),
    ...plainInterface(12, 'vif', 'if-12'),
    macLeaseRow(12, 12, 1),
    ...interfaceRows(13, 1, guest.ip),
    macLeaseRow(13, 13, 1),
    ...interfaceRows(14, 1, 0x0a000104),
    ...interfaceRows(101, 1, gateway.ip, 'simulated'),
    ...plainInterface(nic, 'promiscuous', 'if-31'),
    staticRow(1, nic, { segment: 1 }),
  ])
    model.put(...row);
  vswitch = new TestSwitch(model).port(11).port(12).port(13).port(14).port(nic);
});

const portsOf = (packet: Packet): number[] => vswitch.run(packet).sent.map(({ port }) => port);

/** An ARP reply to everybody: `ip` is at the sender's MAC address. */
function claim(in_port: number, sender: number, ip: number): Packet {
  const arp = { arp_op: 2, arp_sha: sender, arp_spa: ip, arp_tha: broadcast, arp_tpa: ip };
  return { in_port, eth_src: sender, eth_dst: broadcast, eth_type: 0x0806, ...arp };
}

describe.each([
  ['a station outside', nic, stranger.mac],
  ['a guest of the segment', 11, macOf(11)],
])('%s', (_, port, mac) => {
  it('has any address that nobody has leased', () => {
    expect(portsOf(claim(port, mac, stranger.ip))).toContain(13);
    expect(portsOf({ ...echoRequest(port, stranger.ip, guest), eth_src: mac })).toEqual([13]);
  });

  it.each([
    ['a gateway', gateway.ip],
    ['a guest', guest.ip],
  ])('has no address of %s: not in ARP, not in IP', (__, ip) => {
    expect(portsOf(claim(port, mac, ip))).toEqual([]);
    expect(portsOf({ ...claim(port, mac, ip), arp_op: 1, eth_dst: macOf(14) })).toEqual([]);
    expect(portsOf({ ...echoRequest(port, ip, { mac: macOf(14), ip: 0x0a000104 }), eth_src: mac })).toEqual([]);
  });

  it.each([
    ['a gateway', gateway.mac],
    ['a guest', guest.mac],
    ['a guest without an IP address', macOf(12)],
    ['a group', 0x0100_5e00_0001],
    ['everybody', broadcast],
    ['nobody', 0],
  ])('has no MAC address of %s', (__, sender) => {
    expect(portsOf({ ...echoRequest(port, stranger.ip, guest), eth_src: sender })).toEqual([]);
    expect(portsOf(claim(port, sender, stranger.ip))).toEqual([]);
  });
});

describe('from 0.0.0.0', () => {
  const service = 'udp' as const;
  const asks = (in_port: number, mac: number, to: { mac: number; ip: number }, ports = [68, 67]): Packet => ({
    ...segment([in_port, 0, ports[0]!], { ...to, port: ports[1]! }, service),
    eth_src: mac,
  });
  const all = { mac: broadcast, ip: 0xffff_ffff };

  describe.each([
    ['a guest of the segment', 11, macOf(11)],
    ['a filtered guest of the segment', 12, macOf(12)],
    ['a guest with an address there', 13, macOf(13)],
    ['a guest that is a router', 14, macOf(14)],
    ['a station outside', nic, stranger.mac],
  ])('%s', (_, port, mac) => {
    beforeEach(() => {
      const [[, router]] = interfaceRows(14, 1, 0) as [Put & readonly ['interface', object], ...Put[]];
      model.put('interface', { ...router, enable_routing: true } as Extract<Put, readonly ['interface', unknown]>[1]);
      model.put(...filteringRow(12, true));
      model.put(...filterRow(1, 12, { egress: true, ingress: true }));
    });

    it('asks everybody for an address', () => {
      expect(portsOf(asks(port, mac, all)).sort()).toEqual([11, 12, 13, 14, nic].filter((each) => each !== port));
    });

    it.each([
      ['a DHCP request to one guest', asks(port, mac, guest)],
      ['a DHCP request in a frame to one guest', asks(port, mac, { mac: guest.mac, ip: all.ip })],
      ['a DHCP request to a gateway', asks(port, mac, gateway)],
      ['a DHCP offer', asks(port, mac, all, [67, 68])],
      ['another datagram to everybody', asks(port, mac, all, [68, 53])],
      ['an echo request', { ...echoRequest(port, 0, guest), eth_src: mac }],
    ])('does not send %s', (__, packet) => {
      expect(portsOf(packet)).toEqual([]);
    });
  });
});

describe('whoever has leased an address', () => {
  it('sends from it, and in the segment from any that is free', () => {
    const to = { mac: macOf(14), ip: 0x0a000104 };
    expect(portsOf(echoRequest(13, guest.ip, to))).toEqual([14]);
    expect(portsOf(echoRequest(13, stranger.ip, to))).toEqual([14]);
    expect(portsOf(echoRequest(13, gateway.ip, to))).toEqual([]);
    expect(portsOf({ ...arpRequest(13, guest.ip, gateway.ip), arp_sha: macOf(14) })).toEqual([]);
  });
});

describe('a filtered guest of a segment', () => {
  it('is held to its filter besides', () => {
    const rule = { protocol: 'icmp', action: 'pass' } as const;
    const filtered = filteringRow(11, true);
    for (const row of [filtered, filterRow(1, 11), ruleRow(1, 1, { ...rule, src_address: guest.ip, src_prefix: 32 })])
      model.put(...row);
    expect(portsOf(echoRequest(11, stranger.ip, guest))).toEqual([13]);
    expect(portsOf(echoRequest(11, stranger.ip, { mac: macOf(14), ip: 0x0a000104 }))).toEqual([]);
    expect(portsOf(claim(11, macOf(11), gateway.ip))).toEqual([]);
  });
});

describe('a frame with a VLAN tag', () => {
  it.each([
    ['a guest', { ...echoRequest(14, 0x0a000104, guest) }],
    ['a guest of the segment', { ...echoRequest(11, stranger.ip, guest) }],
    ['a station outside', { ...echoRequest(nic, stranger.ip, guest), eth_src: stranger.mac }],
  ])('of %s goes nowhere, whatever the tag', (_, packet: Packet) => {
    expect(portsOf(packet)).toEqual([13]);
    for (const vlan_vid of [0x100a, 0x1000, 0x1fff]) expect(portsOf({ ...packet, vlan_vid })).toEqual([]);
    for (const vlan_vid of [0x100a, 0x1000]) expect(portsOf({ ...packet, eth_dst: broadcast, vlan_vid })).toEqual([]);
  });
});
