import { beforeEach, describe, expect, it } from 'vitest';
import { localPort } from '../pipeline/ports.ts';
import { reasonOf } from '../pipeline/tables.ts';
import type { Packet } from '../simulate/simulate.ts';
import {
  filteringRow,
  filterRow,
  interfaceRows,
  macOf,
  networkRows,
  type Put,
  plainInterface,
  routeRows,
  ruleRow,
  segment,
  serviceRows,
  staticRow,
  TestModel,
  TestSwitch,
} from '../testing/model.ts';

const everyone = { mac: 0xffff_ffff_ffff, ip: 0xffff_ffff };
const at = (id: number, ip: number) => ({ mac: macOf(id), ip });
const nic = 41;

let model: TestModel;
let vswitch: TestSwitch;
const put = (...rows: Put[]): void => {
  for (const row of rows) model.put(...row);
};

/** Guests 11 (filtered) and 12 in network 1, guest 21 (filtered) in network 2, joined by a router; no DHCP service yet. */
beforeEach(() => {
  model = new TestModel();
  put(
    ...networkRows(1),
    ...networkRows(2),
    ...interfaceRows(11, 1, 0x0a00010b),
    ...interfaceRows(12, 1, 0x0a00010c),
    ...interfaceRows(21, 2, 0x0a000215),
    ...interfaceRows(101, 1, 0x0a0001fe, 'simulated'),
    ...interfaceRows(102, 2, 0x0a0002fe, 'simulated'),
    ...routeRows(1, 1, 101, 1),
    ...routeRows(2, 1, 102, 2),
    filteringRow(11, true),
    filterRow(1, 11),
    filteringRow(21, true),
    filterRow(2, 21),
  );
  vswitch = new TestSwitch(model).port(11).port(12).port(21).port(nic).port(localPort, 'br0');
});

/** Ports that get it, or the reason why the agent does; that it is told of refused frames is another matter. */
function ends(packet: Packet): (number | string | undefined)[] {
  const { sent, toAgent } = vswitch.run(packet);
  return [...sent.map(({ port }) => port), ...toAgent.map(({ reason }) => reasonOf(reason))].filter(
    (end) => end !== 'refused',
  );
}

const request = (from: number, ip: number, to: { mac: number; ip: number }): Packet =>
  segment([from, ip, 68], { ...to, port: 67 }, 'udp');
const offer = (from: number, ip: number, to: { mac: number; ip: number }): Packet =>
  segment([from, ip, 67], { ...to, port: 68 }, 'udp');

describe('a filtered guest without rules', () => {
  it('asks everybody, and nobody else: not another guest, not by a router', () => {
    expect(ends(request(11, 0x0a00010b, everyone))).toEqual([12]);
    expect(ends(request(11, 0x0a00010b, at(12, 0x0a00010c)))).toEqual([]);
    expect(ends(request(11, 0x0a00010b, at(101, 0x0a000215)))).toEqual([]);
    expect(ends(request(11, 0x0a00010b, { mac: everyone.mac, ip: 0x0a00010c }))).toEqual([]);
  });

  it('asks the server of its network as well, by its own address', () => {
    put(...serviceRows(1, 101, 'dhcp'));
    expect(ends(request(11, 0x0a00010b, everyone))).toEqual(['dhcp']);
    expect(ends(request(11, 0x0a00010b, at(101, 0x0a0001fe)))).toEqual(['dhcp']);
    expect(ends(request(11, 0x0a00010b, at(12, 0x0a0001fe)))).toEqual([]);
    expect(ends(request(11, 0x0a00010b, at(101, 0x0a0002fe)))).toEqual([]);
    put(...serviceRows(2, 102, 'dhcp'));
    expect(ends(request(11, 0x0a00010b, at(101, 0x0a0002fe)))).toEqual([]);
  });

  it('is offered nothing by other guests, from near or by a router', () => {
    expect(ends(offer(12, 0x0a00010c, at(11, 0x0a00010b)))).toEqual([]);
    expect(ends(offer(12, 0x0a00010c, everyone))).toEqual([]);
    expect(ends(offer(12, 0x0a00010c, at(101, 0x0a000215)))).toEqual([]);
  });

  it('may have a guest as its server by a rule', () => {
    put(ruleRow(1, 1, { protocol: 'udp', action: 'pass', src_address: 0x0a00010c, src_prefix: 32, src_port: 67 }));
    expect(ends(offer(12, 0x0a00010c, at(11, 0x0a00010b)))).toEqual([11]);
  });

  it('hears servers outside, where its network has no service', () => {
    put(...plainInterface(nic, 'promiscuous', `if-${nic}`), staticRow(1, nic, { network: 1 }));
    const outside = { ...offer(nic, 0x0a000163, at(11, 0x0a00010b)), eth_src: 0x0200_0000_0099 };
    expect(ends(outside)).toEqual([11]);
    expect(ends({ ...outside, eth_dst: everyone.mac, ipv4_dst: everyone.ip }).sort()).toEqual([11, 12]);
    expect(ends({ ...outside, eth_dst: macOf(101), ipv4_dst: 0x0a000215 })).toEqual([]);
    put(...serviceRows(1, 101, 'dhcp'));
    expect(ends(outside)).toEqual([]);
  });
});

describe('a filtered guest that has its address from a server outside', () => {
  const server = { mac: 0x0200_0000_0099, ip: 0x0a000163 };
  const uplink = (port: number): void =>
    put(...plainInterface(port, 'promiscuous', `if-${port}`), staticRow(port, port, { network: 1 }));

  it('asks it alone to keep the address: that leaves by the uplinks, whoever has the address that it is for', () => {
    expect(ends(request(11, 0x0a00010b, server))).toEqual([]);
    uplink(nic);
    expect(ends(request(11, 0x0a00010b, server))).toEqual([nic]);
    expect(ends(request(11, 0x0a00010b, at(12, 0x0a00010c)))).toEqual([nic]);
    expect(ends(request(11, 0x0a00010b, at(101, 0x0a000215)))).toEqual([nic]);
    uplink(42);
    vswitch.port(42);
    expect(ends(request(11, 0x0a00010b, server))).toEqual([nic, 42]);
    expect(ends(request(11, 0x0a00010b, { ...server, mac: 0x0100_5e00_0001 }))).toEqual([]);
  });

  it('does so only if no rule forbids it, in a network without a service', () => {
    uplink(nic);
    expect(ends({ ...request(11, 0x0a00010b, server), udp_dst: 69 })).toEqual([]);
    put(ruleRow(1, 1, { protocol: 'udp', action: 'drop', src_port: 67 }));
    expect(ends(request(11, 0x0a00010b, server))).toEqual([]);
    model.remove('filter_static', 1);
    put(...serviceRows(1, 101, 'dhcp'));
    expect(ends(request(11, 0x0a00010b, server))).toEqual([]);
  });
});

describe('a network with a DHCP service', () => {
  it('has no other: what guests offer reaches nobody, wherever they are', () => {
    expect(ends(offer(11, 0x0a00010b, at(12, 0x0a00010c)))).toEqual([]);
    put(filteringRow(21, false), filteringRow(11, false));
    expect(ends(offer(11, 0x0a00010b, at(12, 0x0a00010c)))).toEqual([12]);
    expect(ends(offer(21, 0x0a000215, at(102, 0x0a00010c)))).toEqual([12]);
    put(...serviceRows(1, 101, 'dhcp'));
    expect(ends(offer(11, 0x0a00010b, at(12, 0x0a00010c)))).toEqual([]);
    expect(ends(offer(11, 0x0a00010b, everyone))).toEqual([]);
    expect(ends(offer(21, 0x0a000215, at(102, 0x0a00010c)))).toEqual([]);
  });
});

describe('a guest without an address', () => {
  it('asks everybody from 0.0.0.0, and sends nothing else from there', () => {
    put(...plainInterface(nic, 'promiscuous', `if-${nic}`), staticRow(1, nic, { network: 1 }));
    expect(ends(request(12, 0, everyone))).toEqual([nic]);
    for (const service of [false, true]) {
      if (service) put(...serviceRows(1, 101, 'dhcp'));
      expect(ends(request(12, 0, at(101, 0x0a0001fe)))).toEqual([]);
      expect(ends(request(12, 0, at(101, 0x0a000215)))).toEqual([]);
      expect(ends(request(12, 0, { mac: macOf(11), ip: 0xffff_ffff }))).toEqual([]);
      expect(ends(request(12, 0, { mac: everyone.mac, ip: 0x0a0001ff }))).toEqual([]);
      expect(ends({ ...request(12, 0, everyone), udp_dst: 53 })).toEqual([]);
    }
    expect(ends(request(12, 0, everyone))).toEqual(['dhcp']);
  });
});
