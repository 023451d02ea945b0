import { describe, expect, it } from 'vitest';
import { localPort } from '../pipeline/ports.ts';
import { agentReasons } from '../pipeline/tables.ts';
import type { Packet } from '../simulate/simulate.ts';
import { TestHosts } from '../testing/hosts.ts';
import {
  arpRequest,
  echoRequest,
  interfaceRows,
  macLeaseRow,
  macOf,
  networkRows,
  plainInterface,
  routeRows,
  routingLease,
  segmentRow,
  staticRow,
  TestModel,
  translatingRow,
  translationRows,
} from '../testing/model.ts';
import {
  address,
  at,
  broadcast,
  fromOutside,
  guest,
  inner,
  innerGateway,
  outer,
  outsideOf,
  resolves,
  station,
  toStation,
  wire,
  wireGateway,
} from '../testing/outside.ts';

describe('a station behind the uplink of another host', () => {
  it('is asked for there, and sent to there', () => {
    const { hosts } = outsideOf([2]);
    const asked = hosts.run(1, arpRequest(2, outer.ip, station.ip));
    expect(asked.arrived.map(at)).toEqual([
      [2, 52],
      // The host itself is in the network of its uplink.
      [2, localPort],
      [3, 3],
    ]);
    expect(hosts.run(1, echoRequest(2, outer.ip, station)).arrived.map(at)).toEqual([[2, 52]]);
    expect(hosts.run(3, echoRequest(3, address(wire, 3), station)).arrived.map(at)).toEqual([[2, 52]]);
  });

  it('reaches guests on hosts without an uplink, and everybody once', () => {
    const { hosts } = outsideOf([2]);
    expect(hosts.run(2, fromOutside(2, outer)).arrived.map(at)).toEqual([[1, 2]]);
    expect(hosts.run(2, fromOutside(2, { mac: broadcast, ip: 0xffff_ffff })).arrived.map(at)).toEqual([
      [2, localPort],
      [1, 2],
      [3, 3],
    ]);
    expect(hosts.run(2, fromOutside(2, { mac: macOf(wireGateway), ip: guest.ip })).arrived.map(at)).toEqual([[1, 1]]);
  });

  it('is resolved by the agent of the host with the uplink, which counts the time to live down once', () => {
    const { hosts } = outsideOf([2]);
    expect(hosts.run(1, toStation)).toMatchObject({
      toAgents: [{ host: 2, reason: agentReasons.next_hop }],
      carried: [{ from: 1, to: 2, key: wire }],
    });
    resolves(hosts, 2);
    const { arrived, toAgents } = hosts.run(1, toStation);
    expect([arrived.map(at), toAgents]).toEqual([[[2, 52]], []]);
    expect(arrived[0]!.packet).toMatchObject({
      eth_src: BigInt(macOf(wireGateway)),
      eth_dst: BigInt(station.mac),
      nw_ttl: 63n,
    });
  });

  it('gets no packet that is larger than the tunnel takes: its sender is told', () => {
    const { hosts } = outsideOf([2]);
    expect(hosts.run(1, { ...toStation, size: 1450 + 14 }).toAgents).toEqual([
      { host: 2, reason: agentReasons.next_hop },
    ]);
    expect(hosts.run(1, { ...toStation, size: 1451 + 14 }).toAgents).toEqual([
      { host: 1, reason: agentReasons.too_large_for_tunnel },
    ]);
  });

  it('gets what is translated at the host with the uplink, both ways', () => {
    const { model, hosts } = outsideOf([2]);
    const shown = address(wire, 80);
    const rows = [
      translatingRow(wireGateway),
      routingLease(80, wireGateway, wire, shown),
      ...translationRows(1, wireGateway, [{ ingress_ipv4_address: shown, egress_ipv4_address: guest.ip }]),
    ];
    for (const row of rows) model.put(...row);
    resolves(hosts, 2);
    expect(hosts.run(1, toStation).arrived).toMatchObject([{ host: 2, port: 52, packet: { ipv4_src: BigInt(shown) } }]);
    const back = fromOutside(2, { mac: macOf(wireGateway), ip: shown });
    expect(hosts.run(2, back).arrived).toMatchObject([{ host: 1, port: 1, packet: { ipv4_dst: BigInt(guest.ip) } }]);
  });

  it('cannot be told from a router: guests send no frame that would be taken for a routed one', () => {
    const { model, hosts } = outsideOf([2]);
    const forged = { ...echoRequest(2, outer.ip, { mac: 0x0656_0000_0007, ip: station.ip }) };
    expect(hosts.run(1, forged)).toMatchObject({ arrived: [], carried: [] });
    model.put('mac_lease', { id: 3, uuid: 'ml-3', interface_id: 3, segment_id: null, mac_address: 0x0656_0000_0007 });
    expect(hosts.run(1, forged)).toMatchObject({ arrived: [], carried: [] });
  });

  it('is told of the size of packets that pass, as of anything else', () => {
    const { hosts } = outsideOf([2]);
    const report = { ...toStation, icmpv4_type: 3, icmpv4_code: 4 };
    expect(hosts.run(1, report).toAgents).toEqual([{ host: 2, reason: agentReasons.next_hop }]);
    resolves(hosts, 2);
    expect(hosts.run(1, report).arrived.map(at)).toEqual([[2, 52]]);
  });

  it('is not told what Linux reports about the size of packets that another host was to route', () => {
    const { hosts } = outsideOf([2]);
    const report = {
      ...toStation,
      icmpv4_type: 3,
      icmpv4_code: 4,
      in_port: 1000,
      tunnel_id: wire,
      tun_src: 0xac1f_0002,
    };
    const swapped = { ...report, eth_src: 0x0656_0000_0007, eth_dst: 0x0652_0000_0000 + innerGateway };
    for (const host of [1, 2, 3]) expect(hosts.run(host, swapped)).toEqual({ arrived: [], carried: [], toAgents: [] });
  });

  it('is gone with the uplink, and leaves nothing behind', () => {
    const { hosts } = outsideOf([]);
    const before = [1, 2, 3].map((id) => hosts.host(id).text());
    const { model, hosts: others } = outsideOf([2]);
    others.host(2).unplug(52);
    model.remove('active_interface', 5202);
    expect([1, 2, 3].map((id) => others.host(id).text())).toEqual(before);
  });

  it('is not sent what came from another host, by way of a third', () => {
    const { hosts } = outsideOf([2]);
    const frame = { ...echoRequest(2, outer.ip, station), in_port: 1000, tunnel_id: wire, tun_src: 0xac1f_0001 };
    expect(hosts.run(3, frame)).toMatchObject({ arrived: [], carried: [] });
    const routed = { ...frame, eth_src: 0x0652_0000_000b, eth_dst: 0x0656_0000_0007 };
    expect(hosts.run(3, routed)).toMatchObject({ arrived: [], carried: [] });
  });
});

describe('promiscuous interfaces of a virtual network on two hosts', () => {
  it('hear broadcasts and frames to unknown stations from all hosts, once each', () => {
    const { hosts } = outsideOf([2, 3], 'virtual');
    const uplinksOf = (host: number, packet: Packet) =>
      hosts
        .run(host, packet)
        .arrived.filter(({ port }) => port > 50)
        .map(at);
    const [both, first] = [
      [
        [2, 52],
        [3, 53],
      ],
      [[2, 52]],
    ];
    const toAll = echoRequest(2, outer.ip, { mac: broadcast, ip: 0xffff_ffff });
    expect(uplinksOf(1, toAll).sort()).toEqual(both);
    expect(uplinksOf(1, echoRequest(2, outer.ip, station)).sort()).toEqual(both);
    expect(uplinksOf(3, echoRequest(3, address(wire, 3), station)).sort()).toEqual(both);
    expect(uplinksOf(3, fromOutside(3, { mac: 0x0200_0000_0077, ip: address(wire, 77) }))).toEqual(first);
    expect(uplinksOf(3, fromOutside(3, { mac: broadcast, ip: 0xffff_ffff }))).toEqual(first);
  });

  it('have an answer from a station told to the host that has asked', () => {
    const { hosts } = outsideOf([2, 3], 'virtual');
    const reply = {
      ...arpRequest(53, station.ip, address(wire, 254)),
      ...{ eth_src: station.mac, arp_sha: station.mac, arp_op: 2, eth_dst: macOf(wireGateway) },
    };
    expect(
      hosts
        .run(3, reply)
        .toAgents.map(({ host }) => host)
        .sort(),
    ).toEqual([2, 3]);
  });
});

describe('a segment on several hosts', () => {
  /** Stations 1 on host 1 and 2 on host 2, a promiscuous port on host 3, and a network of the segment with a gateway. */
  function segmentOf(): TestHosts {
    const model = new TestModel();
    const rows = [
      segmentRow(1),
      ...networkRows(wire, undefined, { segment_id: 1 }),
      ...networkRows(inner),
      ...interfaceRows(4, inner, address(inner, 4)),
      ...interfaceRows(innerGateway, inner, address(inner, 254), 'simulated'),
      ...interfaceRows(wireGateway, wire, address(wire, 254), 'simulated'),
      ...routeRows(1, 7, innerGateway, inner),
      ...routeRows(2, 7, wireGateway, wire),
      ...[1, 2].flatMap((id) => [...plainInterface(id, 'vif', `if-${id}`), macLeaseRow(id, id, 1)]),
      ...plainInterface(53, 'promiscuous', 'if-53'),
      staticRow(53, 53, { segment: 1 }),
    ];
    for (const row of rows) model.put(...row);
    return new TestHosts(model, [1, 2, 3]).plug(1, 1, 4).plug(2, 2).plug(3, 53);
  }

  const sent = (to: number): Packet => ({ in_port: 1, eth_src: macOf(1), eth_dst: to, eth_type: 0x86dd });

  it('carries frames of every kind to its members, and those for unknown stations to the promiscuous port', () => {
    const hosts = segmentOf();
    expect(hosts.run(1, sent(macOf(2))).arrived.map(at)).toEqual([[2, 2]]);
    expect(hosts.run(1, sent(station.mac)).arrived.map(at)).toEqual([[3, 53]]);
    expect(hosts.run(1, sent(broadcast)).arrived.map(at)).toEqual([
      [2, 2],
      [3, 53],
    ]);
  });

  it('has the answer of a member without an address told to the host that resolves next hops', () => {
    const hosts = segmentOf();
    const toMember = echoRequest(4, address(inner, 4), { mac: macOf(innerGateway), ip: address(wire, 2) });
    expect(hosts.run(1, toMember).toAgents).toEqual([{ host: 3, reason: agentReasons.next_hop }]);
    const reply = { ...arpRequest(2, address(wire, 2), address(wire, 254)), arp_op: 2, eth_dst: macOf(wireGateway) };
    expect(hosts.run(2, reply).toAgents).toContainEqual({ host: 3, reason: agentReasons.neighbour_heard });
  });
});
