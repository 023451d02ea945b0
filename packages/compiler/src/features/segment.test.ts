import { beforeEach, describe, expect, it } from 'vitest';
import type { Packet } from '../simulate/simulate.ts';
import {
  arpRequest,
  echoRequest,
  filteringRow,
  interfaceRows,
  macLeaseRow,
  macOf,
  networkRows,
  plainInterface,
  segmentRow,
  staticRow,
  TestModel,
  TestSwitch,
} from '../testing/model.ts';

const broadcast = 0xffff_ffff_ffff;
let model: TestModel;
let vswitch: TestSwitch;

/**
 * Segment 1 with guests 11 and 12, which have no addresses, and guest 13, which has one in network 1 of that segment, as
 * gateway 101 has. Guest 21 is in segment 2; what is behind port 31 is in segment 1, whoever it is.
 */
beforeEach(() => {
  model = new TestModel();
  for (const row of [
    segmentRow(1),
    segmentRow(2),
    ...networkRows(1, undefined, { segment_id: 1 }),
    ...plainInterface(11, 'vif', 'if-11'),
    macLeaseRow(11, 11, 1),
    ...plainInterface(12, 'vif', 'if-12'),
    macLeaseRow(12, 12, 1),
    ...interfaceRows(13, 1, 0x0a000103),
    macLeaseRow(13, 13, 1),
    ...plainInterface(21, 'vif', 'if-21'),
    macLeaseRow(21, 21, 2),
    ...interfaceRows(101, 1, 0x0a0001fe, 'simulated'),
    ...plainInterface(31, 'promiscuous', 'if-31'),
    staticRow(1, 31, { segment: 1 }),
  ])
    model.put(...row);
  vswitch = new TestSwitch(model).port(11).port(12).port(13).port(21);
});

function frame(from: number, to: number, eth_type = 0x88b5): Packet {
  return { in_port: from, eth_src: macOf(from), eth_dst: to, eth_type };
}

function portsOf(packet: Packet): number[] {
  return vswitch
    .run(packet)
    .sent.map(({ port }) => port)
    .sort((a, b) => a - b);
}

describe('segment', () => {
  it('takes what an uplink sends from its own MAC address in, and has no flows that take the same packet', () => {
    vswitch.port(31);
    expect(vswitch.overlaps()).toEqual([]);
    model.put(...macLeaseRow(31, 31, 1));
    expect(vswitch.overlaps()).toEqual([]);
    expect(portsOf(frame(31, macOf(11)))).toEqual([11]);
    // From anywhere else that is an impostor.
    expect(portsOf({ ...frame(31, macOf(11)), eth_src: macOf(12) })).toEqual([]);
  });

  it('carries every kind of frame by MAC address, IPv6 and multicast too', () => {
    expect(portsOf(frame(11, macOf(12)))).toEqual([12]);
    expect(portsOf(frame(11, macOf(12), 0x86dd))).toEqual([12]);
    expect(portsOf(frame(11, 0x3333_0000_0001, 0x86dd))).toEqual([12, 13]);
    expect(portsOf(frame(11, broadcast))).toEqual([12, 13]);
  });

  it('leaves addresses to its guests, and questions for them go to everybody', () => {
    expect(portsOf(echoRequest(11, 0xc0a80001, { mac: macOf(12), ip: 0xc0a80002 }))).toEqual([12]);
    expect(portsOf(arpRequest(11, 0xc0a80001, 0xc0a80002))).toEqual([12, 13]);
  });

  it('answers questions for the addresses of its networks', () => {
    for (const known of [0x0a000103, 0x0a0001fe]) {
      const { sent } = vswitch.run(arpRequest(11, 0x0a000101, known));
      expect(sent.map(({ port, packet }) => [port, packet.arp_op])).toEqual([[11, 2n]]);
    }
    expect(portsOf(echoRequest(11, 0x0a000101, { mac: macOf(101), ip: 0x0a0001fe }))).toEqual([11]);
  });

  it('takes no frame from another MAC address, and to no other segment', () => {
    expect(portsOf({ ...frame(11, macOf(12)), eth_src: macOf(12) })).toEqual([]);
    expect(portsOf(frame(11, macOf(21)))).toEqual([]);
    expect(portsOf(frame(21, broadcast))).toEqual([]);
  });

  it('delivers a broadcast once to a guest that is there by a MAC lease, an address and an association', () => {
    model.put(...staticRow(2, 13, { segment: 1 })).put(...staticRow(3, 13, { network: 1 }));
    expect(portsOf(frame(11, broadcast))).toEqual([12, 13]);
  });

  it('loses a guest with its MAC lease, or when that changes its segment', () => {
    model.put(...macLeaseRow(12, 12, 2));
    expect(portsOf(frame(11, broadcast))).toEqual([13]);
    expect(portsOf(frame(21, broadcast))).toEqual([12]);
    expect(portsOf(frame(12, macOf(21)))).toEqual([21]);
    model.remove('mac_lease', 12);
    expect(portsOf(frame(21, broadcast))).toEqual([]);
    expect(portsOf(frame(12, macOf(21)))).toEqual([]);
  });

  it('asks the filters of its guests', () => {
    model.put(...filteringRow(12, true));
    expect(portsOf(frame(11, broadcast))).toEqual([13]);
    expect(portsOf(frame(12, macOf(11)))).toEqual([]);
    model.put(...filteringRow(12, false));
    expect(portsOf(frame(12, macOf(11)))).toEqual([11]);
  });
});

describe('an uplink of a segment', () => {
  const stranger = 0x0200_0000_0099;
  const outside = (to: number, from = stranger): Packet => ({ ...frame(31, to), eth_src: from });

  it('takes in what anybody outside sends, but for who pretends to be a guest', () => {
    vswitch.port(31);
    expect(portsOf(outside(macOf(11)))).toEqual([11]);
    expect(portsOf(outside(broadcast))).toEqual([11, 12, 13]);
    expect(portsOf(outside(macOf(11), macOf(12)))).toEqual([]);
    expect(portsOf(outside(macOf(11), macOf(13)))).toEqual([]);
    const posing = { ...echoRequest(31, 0x0a000103, { mac: macOf(11), ip: 0x0a000101 }), eth_src: stranger };
    expect(portsOf(posing)).toEqual([]);
    expect(portsOf({ ...posing, ipv4_src: 0x0a000150 })).toEqual([11]);
  });

  it('has what is for nobody here, and broadcasts', () => {
    vswitch.port(31);
    expect(portsOf(frame(11, stranger))).toEqual([31]);
    expect(portsOf(frame(11, broadcast))).toEqual([12, 13, 31]);
    expect(portsOf(outside(0x0200_0000_0098))).toEqual([]);
    expect(portsOf(frame(21, stranger))).toEqual([]);
  });

  it('shares with others what is for nobody here', () => {
    for (const row of [...plainInterface(32, 'promiscuous', 'if-32'), staticRow(4, 32, { segment: 1 })])
      model.put(...row);
    vswitch.port(31).port(32);
    expect(portsOf(frame(11, stranger))).toEqual([31, 32]);
    expect(portsOf(outside(0x0200_0000_0098))).toEqual([32]);
    expect(portsOf(outside(broadcast))).toEqual([11, 12, 13, 32]);
    vswitch.unplug(32);
    expect(portsOf(frame(11, stranger))).toEqual([31]);
  });

  it('waits for something that it can join', () => {
    vswitch.port(31);
    model.remove('interface_segment', 1);
    expect(portsOf(outside(broadcast))).toEqual([]);
    expect([...vswitch.compiler.waits()]).toMatchObject([
      { kind: 'interface', id: 31, reason: 'a network or segment to join to port if-31' },
    ]);
  });

  it('shares its domain with no network, however large the ids are', () => {
    const large = 0x80_0001;
    for (const row of [...networkRows(large), ...interfaceRows(41, large, 0x0a000104)]) model.put(...row);
    for (const row of [segmentRow(large), ...plainInterface(42, 'vif', 'if-42'), macLeaseRow(42, 42, large)])
      model.put(...row);
    vswitch.port(41).port(42);
    expect(portsOf(frame(11, broadcast))).toEqual([12, 13]);
    expect(portsOf({ ...arpRequest(41, 0x0a000104, 0x0a000103) })).toEqual([]);
    expect(portsOf(frame(42, broadcast))).toEqual([]);
    expect([...vswitch.compiler.waits()].filter(({ id }) => id === large)).toMatchObject([
      { kind: 'network', reason: `a broadcast domain: its id ${large} is above 8388607` },
      { kind: 'segment', reason: `a broadcast domain: its id ${large} is above 8388607` },
    ]);
  });
});
