import { describe, expect, it } from 'vitest';
import { agentReasons } from '../pipeline/tables.ts';
import { type Arrived, TestHosts } from '../testing/hosts.ts';
import {
  arpRequest,
  datapathRow,
  echoRequest,
  filteringRow,
  filterRow,
  interfaceRows,
  macLeaseRow,
  macOf,
  networkRows,
  placementRow,
  plainInterface,
  routeRows,
  ruleRow,
  segmentRow,
  TestModel,
} from '../testing/model.ts';

const [net1, net2] = [1, 2];
const address = (network: number, host: number): number => 0x0a000000 + network * 256 + host;

/** Guests 1 and 2 in network 1 and guest 3 in network 2, with a router between; guest 4 in network 3, which has the addresses of network 1. */
function threeHosts(): { model: TestModel; hosts: TestHosts } {
  const model = new TestModel();
  const rows = [
    ...networkRows(net1),
    ...networkRows(net2),
    ...networkRows(3, 0x0a000100),
    ...interfaceRows(1, net1, address(net1, 1)),
    ...interfaceRows(2, net1, address(net1, 2)),
    ...interfaceRows(3, net2, address(net2, 3)),
    ...interfaceRows(4, 3, address(net1, 2)),
    ...interfaceRows(11, net1, address(net1, 254), 'simulated'),
    ...interfaceRows(12, net2, address(net2, 254), 'simulated'),
    ...routeRows(1, 1, 11, net1),
    ...routeRows(2, 1, 12, net2),
  ];
  for (const row of rows) model.put(...row);
  const hosts = new TestHosts(model, [1, 2, 3]);
  hosts.plug(1, 1).plug(2, 2).plug(3, 3, 4);
  return { model, hosts };
}

const at = ({ host, port }: Arrived): [number, number] => [host, port];

describe('two guests of a network on two hosts', () => {
  it('reach each other by one tunnel hop, with the number of the network as key', () => {
    const { hosts } = threeHosts();
    const { arrived, carried } = hosts.run(
      1,
      echoRequest(1, address(net1, 1), { mac: macOf(2), ip: address(net1, 2) }),
    );
    expect(arrived.map(at)).toEqual([[2, 2]]);
    expect(carried).toEqual([{ from: 1, to: 2, key: net1, encapsulation: 'geneve' }]);
    expect(arrived[0]!.packet).toMatchObject({ eth_src: BigInt(macOf(1)), eth_dst: BigInt(macOf(2)) });
  });

  it('find each other without a frame on the underlay', () => {
    const { hosts } = threeHosts();
    const { arrived, carried } = hosts.run(1, arpRequest(1, address(net1, 1), address(net1, 2)));
    expect(arrived.map(({ packet, ...place }) => [...at({ packet, ...place }), Number(packet.arp_sha)])).toEqual([
      [1, 1, macOf(2)],
    ]);
    expect(carried).toEqual([]);
  });

  it('get broadcasts once, and only where the network has members', () => {
    const { model, hosts } = threeHosts();
    for (const row of interfaceRows(5, net1, address(net1, 5))) model.put(...row);
    hosts.plug(2, 5);
    const { arrived, carried } = hosts.run(1, {
      ...echoRequest(1, address(net1, 1), { mac: 0xffff_ffff_ffff, ip: 0xffff_ffff }),
    });
    expect(arrived.map(at)).toEqual([
      [2, 2],
      [2, 5],
    ]);
    expect(carried).toEqual([{ from: 1, to: 2, key: net1, encapsulation: 'geneve' }]);
  });

  it('get broadcasts on up to 500 other hosts, those here first', () => {
    const model = new TestModel();
    for (const row of [...networkRows(net1), ...interfaceRows(1, net1, address(net1, 1))]) model.put(...row);
    for (const row of interfaceRows(2, net1, address(net1, 2))) model.put(...row);
    const hosts = new TestHosts(model, [1]).plug(1, 1, 2);
    for (let id = 1001; id <= 1600; id++) {
      model.put(...datapathRow(id, { tunnel_address: `172.31.${Math.floor(id / 250)}.${id % 250}` }));
      for (const row of interfaceRows(id, net1, 0x0a100000 + id)) model.put(...row);
      model.put(...placementRow(id, id));
    }
    const toAll = echoRequest(1, address(net1, 1), { mac: 0xffff_ffff_ffff, ip: 0xffff_ffff });
    const ports = hosts
      .host(1)
      .run(toAll)
      .sent.map(({ port }) => port);
    expect([ports.length, ports[0]]).toEqual([501, 2]);
  });

  it('use the kind of tunnel that one of the hosts asks for', () => {
    const { model, hosts } = threeHosts();
    const row = model.relations.datapath.get(2)!;
    model.put('datapath', { ...row, encapsulation: 'vxlan' });
    const toGuest2 = echoRequest(1, address(net1, 1), { mac: macOf(2), ip: address(net1, 2) });
    expect(hosts.run(1, toGuest2).carried).toMatchObject([{ encapsulation: 'vxlan' }]);
    const toGuest3 = echoRequest(1, address(net1, 1), { mac: macOf(11), ip: address(net2, 3) });
    expect(hosts.run(1, toGuest3).carried).toMatchObject([{ encapsulation: 'geneve' }]);
  });
});

describe('hosts with IPv6 tunnel addresses', () => {
  const ipv6Hosts = () => {
    const made = threeHosts();
    for (const id of [1, 2]) made.model.put(...datapathRow(id, { tunnel_address: `fd00:31::${id}` }));
    return made;
  };
  const ping = echoRequest(1, address(net1, 1), { mac: macOf(2), ip: address(net1, 2) });

  it('reach each other, and say so by their addresses', () => {
    const { hosts } = ipv6Hosts();
    const { arrived, carried } = hosts.run(1, ping);
    expect(arrived.map(at)).toEqual([[2, 2]]);
    expect(carried).toEqual([{ from: 1, to: 2, key: net1, encapsulation: 'geneve' }]);
    const toAll = { ...ping, eth_dst: 0xffff_ffff_ffff };
    expect(hosts.run(1, toAll).arrived.map(at)).toEqual([[2, 2]]);
  });

  it('accept nothing from other addresses', () => {
    const { hosts } = ipv6Hosts();
    const frame = { ...ping, in_port: 1000, tunnel_id: net1 };
    const from = (source: object) => hosts.run(2, { ...frame, ...source }).arrived.map(at);
    expect(from({ tun_ipv6_src: (0xfd00_0031n << 96n) | 1n })).toEqual([[2, 2]]);
    expect(from({ tun_ipv6_src: (0xfd00_0031n << 96n) | 9n })).toEqual([]);
    expect(from({ tun_src: 0xac1f_0001 })).toEqual([]);
  });

  it('have smaller packets, and no tunnel to hosts with IPv4 addresses', () => {
    const { hosts } = ipv6Hosts();
    const reasons = (size: number) => hosts.run(1, { ...ping, size: size + 14 }).toAgents.length;
    expect([reasons(1430), reasons(1431)]).toEqual([0, 1]);
    const toGuest3 = echoRequest(1, address(net1, 1), { mac: macOf(11), ip: address(net2, 3) });
    expect(hosts.run(1, toGuest3)).toMatchObject({ arrived: [], carried: [] });
  });
});

describe('a router', () => {
  it("routes on the sender's host, and sends the packet on in its last network", () => {
    const { hosts } = threeHosts();
    const { arrived, carried } = hosts.run(
      1,
      echoRequest(1, address(net1, 1), { mac: macOf(11), ip: address(net2, 3) }),
    );
    expect(arrived.map(at)).toEqual([[3, 3]]);
    expect(carried).toEqual([{ from: 1, to: 3, key: net2, encapsulation: 'geneve' }]);
    expect(arrived[0]!.packet).toMatchObject({ eth_src: BigInt(macOf(12)), eth_dst: BigInt(macOf(3)), nw_ttl: 63n });
  });

  it('answers on the host of the guest that asks', () => {
    const { hosts } = threeHosts();
    for (const gateway of [11, 12]) {
      const ip = address(gateway === 11 ? net1 : net2, 254);
      const { arrived, carried } = hosts.run(1, echoRequest(1, address(net1, 1), { mac: macOf(11), ip }));
      expect([arrived.map(at), carried]).toEqual([[[1, 1]], []]);
    }
  });
});

describe('what comes out of a tunnel', () => {
  const frame = {
    ...echoRequest(1, address(net1, 1), { mac: macOf(2), ip: address(net1, 2) }),
    in_port: 1000,
    tunnel_id: net1,
  };
  const from = (tun_src: number): typeof frame & { tun_src: number } => ({ ...frame, tun_src });

  it('is taken in from registered hosts only', () => {
    const { hosts } = threeHosts();
    expect(hosts.run(2, from(0xac1f_0001)).arrived.map(at)).toEqual([[2, 2]]);
    expect(hosts.run(2, from(0xac1f_0063)).arrived).toEqual([]);
    // The own address.
    expect(hosts.run(2, from(0xac1f_0002)).arrived).toEqual([]);
  });

  it('never goes into another tunnel', () => {
    const { hosts } = threeHosts();
    const broadcast = { ...from(0xac1f_0001), eth_dst: 0xffff_ffff_ffff };
    for (const packet of [from(0xac1f_0002), { ...broadcast, tun_src: 0xac1f_0002 }])
      expect(hosts.run(3, packet)).toMatchObject({ carried: [] });
  });

  it('stays in the network of its key', () => {
    const { hosts } = threeHosts();
    const toGuest4 = { ...from(0xac1f_0001), eth_dst: macOf(4) };
    expect(hosts.run(3, toGuest4).arrived).toEqual([]);
    expect(hosts.run(3, { ...toGuest4, tunnel_id: 3 }).arrived.map(at)).toEqual([[3, 4]]);
    // Geneve and VXLAN cut the key to 24 bits: more than that is no number of ours.
    expect(hosts.run(3, { ...toGuest4, tunnel_id: 99 }).arrived).toEqual([]);
  });
});

describe('a guest that moves', () => {
  /** Guest 2 is on host 2, and host 3 has a port of it too. */
  function moving(): ReturnType<typeof threeHosts> {
    const made = threeHosts();
    made.hosts.host(3).port(2);
    made.model.put(...placementRow(2, 3, true));
    return made;
  }
  const ping = echoRequest(2, address(net1, 2), { mac: macOf(1), ip: address(net1, 1) });
  const rarp = { in_port: 2, eth_src: macOf(2), eth_dst: 0xffff_ffff_ffff, eth_type: 0x8035 };
  const punted = { host: 3, reason: agentReasons.guest_heard };

  it('is taken to be where it was until it is heard at the new host, by whatever it sends', () => {
    const { hosts } = moving();
    const gateway = { mac: macOf(11), ip: address(net1, 254) };
    for (const packet of [
      ping,
      rarp,
      arpRequest(2, address(net1, 2), address(net1, 2)),
      arpRequest(2, address(net1, 2), gateway.ip),
      echoRequest(2, address(net1, 2), gateway),
      { ...rarp, eth_type: 0x86dd },
    ])
      expect(hosts.run(3, packet)).toEqual({ arrived: [], carried: [], toAgents: [punted] });
    expect(hosts.run(2, ping).arrived.map(at)).toEqual([[1, 1]]);
    // What is not its own is refused, and moves nothing.
    const foreign = { ...ping, eth_src: macOf(9) };
    expect(hosts.run(3, foreign).toAgents).toEqual([{ host: 3, reason: agentReasons.refused }]);
  });

  it('is served as usual once it was heard, and has to be heard again after it has moved back', () => {
    const { model, hosts } = moving();
    hosts.host(3).compiler.relations.heard.set({ id: 2 });
    expect(hosts.run(3, ping).arrived.map(at)).toEqual([[1, 1]]);
    const asks = arpRequest(2, address(net1, 2), address(net1, 1));
    expect(hosts.run(3, asks).arrived.map(at)).toEqual([[3, 2]]);
    hosts.host(3).compiler.relations.heard.delete(2);
    model.put(...placementRow(2, 2, true)).put(...placementRow(2, 3));
    expect(hosts.run(3, ping).arrived.map(at)).toEqual([[1, 1]]);
    expect(hosts.run(2, ping)).toMatchObject({ arrived: [], toAgents: [{ ...punted, host: 2 }] });
  });

  it('is held also before the manager has said that the new host has its port', () => {
    const { hosts } = threeHosts();
    hosts.host(3).port(2);
    expect(hosts.run(3, ping)).toEqual({ arrived: [], carried: [], toAgents: [punted] });
  });

  it('is filtered at both hosts', () => {
    const { model, hosts } = moving();
    model.put(...filteringRow(2, true)).put(...filterRow(1, 2));
    for (const row of interfaceRows(5, net1, address(net1, 5))) model.put(...row);
    hosts.plug(2, 5);
    const to = { mac: macOf(2), ip: address(net1, 2) };
    const fromOther = echoRequest(1, address(net1, 1), to);
    const fromNear = echoRequest(5, address(net1, 5), to);
    for (const [host, packet] of [
      [1, fromOther],
      [2, fromNear],
    ] as const) {
      model.remove('filter_static', 1);
      expect(hosts.run(host, packet).arrived).toEqual([]);
      model.put(...ruleRow(1, 1, { protocol: 'icmp', action: 'pass' }));
      expect(hosts.run(host, packet).arrived.map(at).sort()).toEqual([
        [2, 2],
        [3, 2],
      ]);
    }
    expect(hosts.run(3, ping)).toEqual({ arrived: [], carried: [], toAgents: [punted] });
  });

  it('is in its segment at the new host once it was heard there', () => {
    const { model, hosts } = moving();
    model
      .put(...segmentRow(1))
      .put(...macLeaseRow(2, 2, 1))
      .put(...macLeaseRow(1, 1, 1));
    const frame = { in_port: 2, eth_src: macOf(2), eth_dst: macOf(1), eth_type: 0x88b5 };
    for (const packet of [frame, rarp])
      expect(hosts.run(3, packet)).toEqual({ arrived: [], carried: [], toAgents: [punted] });
    expect(hosts.run(2, frame).arrived.map(at)).toEqual([[1, 1]]);
    hosts.host(3).compiler.relations.heard.set({ id: 2 });
    expect(hosts.run(3, frame).arrived.map(at)).toEqual([[1, 1]]);
    expect(hosts.run(3, rarp).arrived.map(at)).toContainEqual([1, 1]);
  });

  it('joins its network to stations outside on one host only, if it is promiscuous', () => {
    const { model, hosts } = threeHosts();
    const row = model.relations.interface.get(2)!;
    model.put('interface', { ...row, mode: 'promiscuous' });
    const outside = { ...ping, eth_src: 0x020000000099, ipv4_src: address(net1, 99) };
    expect(hosts.run(2, outside).arrived.map(at)).toEqual([[1, 1]]);
    hosts.host(3).port(2);
    model.put(...placementRow(2, 3, true));
    expect(hosts.run(3, outside)).toMatchObject({ arrived: [], carried: [] });
    expect(hosts.run(2, outside).arrived.map(at)).toEqual([[1, 1]]);
    hosts.host(2).unplug(2);
    model.remove('active_interface', 202).put(...placementRow(2, 3));
    expect(hosts.run(3, outside).arrived.map(at)).toEqual([[1, 1]]);
  });

  it('is sent to at both hosts, and then at the new one alone', () => {
    const { model, hosts } = threeHosts();
    const ping = echoRequest(1, address(net1, 1), { mac: macOf(2), ip: address(net1, 2) });
    hosts.host(3).port(2);
    model.put(...placementRow(2, 3, true));
    expect(hosts.run(1, ping).arrived.map(at)).toEqual([
      [2, 2],
      [3, 2],
    ]);
    // From the host where it still is, too.
    for (const row of interfaceRows(5, net1, address(net1, 5))) model.put(...row);
    hosts.plug(2, 5);
    const fromItsHost = echoRequest(5, address(net1, 5), { mac: macOf(2), ip: address(net1, 2) });
    expect(hosts.run(2, fromItsHost).arrived.map(at).sort()).toEqual([
      [2, 2],
      [3, 2],
    ]);
    hosts.host(2).unplug(2);
    model.remove('active_interface', 202).put(...placementRow(2, 3));
    expect(hosts.run(1, ping).arrived.map(at)).toEqual([[3, 2]]);
  });

  it('leaves nothing behind when it has gone', () => {
    const { model, hosts } = threeHosts();
    const before = [1, 2, 3].map((id) => hosts.host(id).text());
    hosts.host(3).port(2);
    model.put(...placementRow(2, 3, true));
    expect(hosts.host(1).text()).not.toBe(before[0]);
    hosts.host(3).unplug(2);
    model.remove('active_interface', 203);
    expect([1, 2, 3].map((id) => hosts.host(id).text())).toEqual(before);
  });
});

describe('a guest of a segment on another host', () => {
  it('is not to be imitated by a station outside', () => {
    const model = new TestModel();
    for (const id of [1, 2]) for (const row of plainInterface(id, 'vif', `if-${id}`)) model.put(...row);
    for (const row of plainInterface(52, 'promiscuous', 'if-52')) model.put(...row);
    model.put(...segmentRow(1));
    for (const id of [1, 2, 52]) model.put(...macLeaseRow(id, id, 1));
    const hosts = new TestHosts(model, [1, 2]);
    hosts.plug(1, 1).plug(2, 2, 52);
    const frame = (eth_src: number) => ({ in_port: 52, eth_src, eth_dst: macOf(2), eth_type: 0x88b5 });
    expect(hosts.run(2, frame(0x0200_0000_0077)).arrived.map(at)).toEqual([[2, 2]]);
    expect(hosts.run(2, frame(macOf(1))).arrived).toEqual([]);
  });
});
