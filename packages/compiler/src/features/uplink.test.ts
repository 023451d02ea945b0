import { beforeEach, describe, expect, it } from 'vitest';
import { localPort } from '../pipeline/ports.ts';
import type { Packet } from '../simulate/simulate.ts';
import {
  arpRequest,
  echoRequest,
  interfaceRows,
  macLeaseRow,
  macOf,
  networkRows,
  type Put,
  plainInterface,
  TestModel,
  TestSwitch,
} from '../testing/model.ts';

const broadcast = 0xffff_ffff_ffff;
const nic = 1;
const stranger = { mac: 0x0200_0000_0099, ip: 0x0a000a63 };
let model: TestModel;
let vswitch: TestSwitch;

function leaseRow(id: number, interface_id: number, network_id: number, ipv4_address: number): Put {
  const [, , , lease] = interfaceRows(id, network_id, ipv4_address) as [Put, Put, Put, Put & ['ip_lease', object]];
  return ['ip_lease', { ...lease[1], interface_id } as (Put & ['ip_lease', unknown])[1]];
}

/**
 * Network 10 is that of the hosts: the host itself is 10.0.10.5 there (interface 51, NIC at port 1), guest 11 is
 * 10.0.10.11. Network 1 is virtual, and carried by the same host.
 */
beforeEach(() => {
  model = new TestModel();
  for (const row of [
    ...networkRows(10, undefined, { mode: 'physical' }),
    ...networkRows(1),
    ...plainInterface(51, 'host', 'eth0'),
    macLeaseRow(51, 51, null),
    leaseRow(51, 51, 10, 0x0a000a05),
    ...interfaceRows(11, 10, 0x0a000a0b),
    ...interfaceRows(12, 1, 0x0a00010c),
    ...interfaceRows(13, 1, 0x0a00010d),
  ])
    model.put(...row);
  vswitch = new TestSwitch(model).port(nic, 'eth0').port(localPort, 'br0').port(11).port(12).port(13);
});

function portsOf(packet: Packet): number[] {
  return vswitch
    .run(packet)
    .sent.map(({ port }) => port)
    .sort((a, b) => a - b);
}

const fromHost = (to: { mac: number; ip: number }): Packet => ({
  ...echoRequest(localPort, 0x0a000a05, to),
  eth_src: macOf(51),
});
const fromOutside = (to: { mac: number; ip: number }, from = stranger): Packet => ({
  ...echoRequest(nic, from.ip, to),
  eth_src: from.mac,
});
const guest = { mac: macOf(11), ip: 0x0a000a0b };
const host = { mac: macOf(51), ip: 0x0a000a05 };

describe('a host interface', () => {
  it('joins the host, the guests of a physical network and those outside', () => {
    expect(portsOf(fromHost(guest))).toEqual([11]);
    expect(portsOf(fromHost(stranger))).toEqual([nic]);
    expect(portsOf(echoRequest(11, guest.ip, host))).toEqual([localPort]);
    expect(portsOf(echoRequest(11, guest.ip, stranger))).toEqual([nic]);
    expect(portsOf(fromOutside(guest))).toEqual([11]);
    expect(portsOf(fromOutside(host))).toEqual([localPort]);
    expect(portsOf({ ...fromOutside(guest), eth_dst: broadcast })).toEqual([11, localPort]);
    expect(portsOf({ ...echoRequest(11, guest.ip, stranger), eth_dst: broadcast })).toEqual([nic, localPort]);
  });

  it('answers questions for those who are here, and takes others outside', () => {
    expect(
      portsOf({ ...arpRequest(nic, stranger.ip, guest.ip), eth_src: stranger.mac, arp_sha: stranger.mac }),
    ).toEqual([nic]);
    expect(portsOf(arpRequest(11, guest.ip, host.ip))).toEqual([11]);
    expect(portsOf(arpRequest(11, guest.ip, stranger.ip))).toEqual([nic, localPort]);
  });

  it('lets guests ask a DHCP server outside, where none of ours serves them', () => {
    const discover = { udp_src: 68, udp_dst: 67, ip_proto: 17, ipv4_src: 0, ipv4_dst: 0xffff_ffff, eth_dst: broadcast };
    const { icmpv4_type: _, icmpv4_code: __, ...request } = echoRequest(11, 0, { mac: broadcast, ip: 0xffff_ffff });
    expect(portsOf({ ...request, ...discover })).toEqual([nic, localPort]);
    expect(portsOf({ ...request, ...discover, udp_dst: 68 })).toEqual([]);
    expect(portsOf({ ...request, ...discover, in_port: 12, eth_src: macOf(12) })).toEqual([]);
  });

  it('lets nobody outside pass for somebody here, nor the host for another', () => {
    expect(portsOf(fromOutside(guest, { ...stranger, ip: host.ip }))).toEqual([]);
    expect(portsOf(fromOutside(host, { ...stranger, mac: guest.mac }))).toEqual([]);
    expect(portsOf({ ...fromHost(guest), ipv4_src: 0x0a000a06 })).toEqual([]);
  });

  it('keeps virtual networks apart from the wire, also where they are on the datapath by it', () => {
    const relation = { id: 1, uuid: '', datapath_id: 1, network_id: 1, interface_id: 51, mac_address: null };
    const topology = { topology_id: null, topology_layer_id: null, topology_mac_range_group_id: null };
    model.put('datapath_network', { ...relation, ...topology, ip_lease_id: null } as never);
    expect(portsOf({ ...echoRequest(12, 0x0a00010c, guest), eth_dst: broadcast })).toEqual([13]);
    expect(portsOf(echoRequest(12, 0x0a00010c, stranger))).toEqual([]);
  });

  it('is where its NIC is, and is the host alone where it has none', () => {
    vswitch.unplug(nic);
    expect(portsOf(fromHost(guest))).toEqual([]);
    model.put('interface_port', { ...(plainInterface(51, 'host', null)[1]![1] as never as object) } as never);
    expect(portsOf(fromHost(guest))).toEqual([11]);
    expect(portsOf(echoRequest(11, guest.ip, stranger))).toEqual([]);
  });
});

describe('an internal interface', () => {
  it('gives the host an address in a virtual network, beside its other', () => {
    for (const row of [
      ...plainInterface(52, 'internal', null),
      macLeaseRow(52, 52, null),
      leaseRow(52, 52, 1, 0x0a000134),
    ])
      model.put(...row);
    const own = { ...echoRequest(localPort, 0x0a000134, { mac: macOf(12), ip: 0x0a00010c }), eth_src: macOf(52) };
    expect(portsOf(own)).toEqual([12]);
    expect(portsOf({ ...own, eth_dst: broadcast })).toEqual([12, 13]);
    expect(portsOf({ ...own, ipv4_src: host.ip })).toEqual([]);
    expect(portsOf(echoRequest(12, 0x0a00010c, { mac: macOf(52), ip: 0x0a000134 }))).toEqual([localPort]);
    expect(portsOf(fromHost(guest))).toEqual([11]);
    model.remove('interface', 52);
    expect(portsOf(own)).toEqual([]);
    expect(portsOf(fromHost(guest))).toEqual([11]);
  });

  it('carries the network of its own lease, whatever else its datapath says and however old that is', () => {
    const to = { datapath_id: 1, mac_address: null, uuid: '', ip_lease_id: null, topology_id: null };
    const tags = { topology_layer_id: null, topology_mac_range_group_id: null };
    model.put(...networkRows(2, undefined, { mode: 'physical' })[0]!);
    model.put('datapath_network', { id: 1, interface_id: 51, network_id: 2, ...to, ...tags });
    expect(portsOf(fromOutside({ mac: macOf(11), ip: 0x0a000a0b }))).toEqual([11]);
    // With a second lease the first stays.
    model.put(...leaseRow(52, 51, 2, 0x0a000205));
    expect(portsOf(fromOutside({ mac: macOf(11), ip: 0x0a000a0b }))).toEqual([11]);
    for (const id of [51, 52]) model.remove('ip_lease', id);
    expect(portsOf(fromOutside({ mac: macOf(11), ip: 0x0a000a0b }))).toEqual([]);
    expect(vswitch.compiler.relations.uplink.get(51)).toMatchObject({ domain_id: 2 });
  });
});
