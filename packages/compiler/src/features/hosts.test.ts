import { describe, expect, it } from 'vitest';
import { type Arrived, TestHosts } from '../testing/hosts.ts';
import {
  arpRequest,
  echoRequest,
  interfaceRows,
  macOf,
  networkRows,
  placementRow,
  routeRows,
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
