import { describe, expect, it } from 'vitest';
import { localPort } from '../pipeline/ports.ts';
import { agentReasons } from '../pipeline/tables.ts';
import type { Packet } from '../simulate/simulate.ts';
import { type Arrived, TestHosts } from '../testing/hosts.ts';
import {
  arpRequest,
  echoRequest,
  interfaceRows,
  macLeaseRow,
  macOf,
  networkRows,
  type Put,
  placementRow,
  plainInterface,
  routeRows,
  routingLease,
  staticRow,
  TestModel,
  translatingRow,
  translationRows,
} from '../testing/model.ts';

const [inner, wire] = [1, 10];
const broadcast = 0xffff_ffff_ffff;
const address = (network: number, host: number): number => 0x0a000000 + network * 256 + host;
const station = { mac: 0x0200_0000_0099, ip: address(wire, 99) };
const [innerGateway, wireGateway] = [11, 12];
const guest = { mac: macOf(1), ip: address(inner, 1) };
/** A guest of the outer network itself. */
const outer = { mac: macOf(2), ip: address(wire, 2) };

function uplinkRows(id: number, mode: 'host' | 'promiscuous', network = wire): Put[] {
  return [...plainInterface(id, mode, `if-${id}`), macLeaseRow(id, id, null), staticRow(id, id, { network })];
}

/**
 * Guest 1 is in network 1 and guest 2 in network 10, both on host 1, guest 3 in network 10 on host 3. A router joins the
 * networks. Hosts named have an uplink to network 10, at port 50 + host.
 */
function outsideOf(
  uplinks: readonly number[],
  mode: 'physical' | 'virtual' = 'physical',
): { model: TestModel; hosts: TestHosts } {
  const model = new TestModel();
  const rows = [
    ...networkRows(inner),
    ...networkRows(wire, undefined, { mode }),
    ...interfaceRows(1, inner, guest.ip),
    ...interfaceRows(2, wire, outer.ip),
    ...interfaceRows(3, wire, address(wire, 3)),
    ...interfaceRows(innerGateway, inner, address(inner, 254), 'simulated'),
    ...interfaceRows(wireGateway, wire, address(wire, 254), 'simulated'),
    ...routeRows(1, 7, innerGateway, inner),
    ...routeRows(2, 7, wireGateway, wire),
    ...uplinks.flatMap((host) => uplinkRows(50 + host, mode === 'physical' ? 'host' : 'promiscuous')),
  ];
  for (const row of rows) model.put(...row);
  const hosts = new TestHosts(model, [1, 2, 3]);
  hosts.plug(1, 1, 2).plug(3, 3);
  for (const host of [1, 2, 3]) hosts.host(host).port(localPort, `br${host}`);
  for (const host of uplinks) hosts.plug(host, 50 + host);
  return { model, hosts };
}

const at = ({ host, port }: Arrived): [number, number] => [host, port];
const fromOutside = (host: number, to: { mac: number; ip: number }, from = station): Packet => ({
  ...echoRequest(50 + host, from.ip, to),
  eth_src: from.mac,
});
const askedByOutside = (host: number, ip: number): Packet => ({
  ...arpRequest(50 + host, station.ip, ip),
  eth_src: station.mac,
  arp_sha: station.mac,
});
const resolves = (hosts: TestHosts, host: number): void =>
  hosts.host(host).compiler.relations.resolved.set({ id: 1, domain_id: wire, ip: station.ip, mac: station.mac });

describe('a guest that moves between two hosts on the wire', () => {
  const mover = { mac: macOf(3), ip: address(wire, 3) };

  it('is a station outside for the host where it is not', () => {
    const { model, hosts } = outsideOf([1, 3]);
    const reaches = () => [
      hosts.run(1, echoRequest(2, outer.ip, mover)).arrived.map(at),
      hosts.run(1, fromOutside(1, outer, mover)).arrived.map(at),
    ];
    const before = reaches();
    expect(before).toEqual([[[1, 51]], [[1, 2]]]);
    hosts.host(1).port(3);
    model.put(...placementRow(3, 1, true));
    expect(reaches()).toEqual(before);
    hosts.host(1).compiler.relations.heard.set({ id: 3 });
    expect(reaches()).toEqual([[[1, 3]], []]);
    hosts.host(1).compiler.relations.heard.delete(3);
    expect(reaches()).toEqual(before);
    model.put(...placementRow(3, 3, true)).put(...placementRow(3, 1));
    expect(reaches()).toEqual([[[1, 3]], []]);
    expect(hosts.run(3, fromOutside(3, { mac: broadcast, ip: 0xffff_ffff }, mover)).arrived.map(at)).toContainEqual([
      3, 3,
    ]);
  });
});

const toStation = echoRequest(1, guest.ip, { mac: macOf(innerGateway), ip: station.ip });

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
    const routed = { ...frame, eth_src: 0x0656_0000_000b, eth_dst: 0x0656_0000_0007 };
    expect(hosts.run(3, routed)).toMatchObject({ arrived: [], carried: [] });
  });
});

/** A wire that joins the uplinks of some hosts, with a station at it, and a bridge that notes who has sent from where. */
class Wire {
  readonly #hosts: TestHosts;
  readonly #uplinks: readonly number[];
  readonly #places = new Map<number, number>();
  moves = 0;

  constructor(hosts: TestHosts, uplinks: readonly number[]) {
    this.#hosts = hosts;
    this.#uplinks = uplinks;
  }

  /** What becomes of a packet that a guest sends on a host: where it arrives, and what the station hears. */
  fromGuest(host: number, packet: Packet): { arrived: [number, number][]; heard: Packet[]; agents: number[] } {
    const [arrived, heard, agents]: [[number, number][], Packet[], number[]] = [[], [], []];
    const queue = [{ host, packet }];
    for (let next = queue.shift(); next; next = queue.shift()) {
      if (heard.length > 20) throw new RangeError('the packet goes round in circles');
      const from = next.host;
      const outcome = this.#hosts.run(from, next.packet);
      agents.push(...outcome.toAgents.map((one) => one.host));
      for (const copy of outcome.arrived) {
        if (copy.port !== 50 + copy.host) {
          if (copy.port !== localPort) arrived.push(at(copy));
          continue;
        }
        heard.push(copy.packet);
        this.#note(Number(copy.packet.eth_src), copy.host);
        const others = this.#uplinks.filter((one) => one !== copy.host);
        queue.push(...others.map((one) => ({ host: one, packet: { ...copy.packet, in_port: 50 + one } })));
      }
    }
    return { arrived, heard, agents };
  }

  /** What becomes of a frame of the station, which all uplinks hear. */
  fromStation(packet: (uplink: number) => Packet): ReturnType<Wire['fromGuest']> {
    const each = this.#uplinks.map((host) => this.fromGuest(host, packet(host)));
    return {
      arrived: each.flatMap((one) => one.arrived),
      heard: each.flatMap((one) => one.heard),
      agents: each.flatMap((one) => one.agents),
    };
  }

  #note(mac: number, host: number): void {
    if ((this.#places.get(mac) ?? host) !== host) this.moves++;
    this.#places.set(mac, host);
  }
}

describe('a wire at which two hosts have an uplink', () => {
  const everybody = { mac: broadcast, ip: 0xffff_ffff };
  const guest3 = { mac: macOf(3), ip: address(wire, 3) };

  it('carries what these two send each other, and what the others send by one of them', () => {
    const { hosts } = outsideOf([2, 3]);
    const line = new Wire(hosts, [2, 3]);
    // Guest 2 is on host 1, which has no uplink; guest 3 on host 3, which has one.
    expect(line.fromGuest(1, echoRequest(2, outer.ip, guest3))).toMatchObject({ arrived: [[3, 3]], heard: [{}] });
    expect(line.fromGuest(3, echoRequest(3, guest3.ip, outer))).toMatchObject({ arrived: [[1, 2]], heard: [{}] });
    expect(line.fromGuest(1, echoRequest(2, outer.ip, everybody))).toMatchObject({ arrived: [[3, 3]], heard: [{}] });
    expect(line.fromGuest(3, echoRequest(3, guest3.ip, everybody))).toMatchObject({ arrived: [[1, 2]], heard: [{}] });
    expect(line.fromGuest(3, echoRequest(3, guest3.ip, station))).toMatchObject({ arrived: [], heard: [{}] });
    expect(line.moves).toBe(0);
  });

  it('hears one answer to each question, from the place of whom it is for', () => {
    const { hosts } = outsideOf([2, 3]);
    const line = new Wire(hosts, [2, 3]);
    for (const [ip, mac] of [
      [address(wire, 254), macOf(wireGateway)],
      [outer.ip, outer.mac],
      [guest3.ip, guest3.mac],
    ] as const) {
      const { heard } = line.fromStation((uplink) => askedByOutside(uplink, ip));
      expect(heard.map(({ arp_op, arp_sha }) => [Number(arp_op), Number(arp_sha)])).toEqual([[2, mac]]);
    }
    expect(line.moves).toBe(0);
  });

  it('brings every guest a frame of a station once', () => {
    const { hosts } = outsideOf([2, 3]);
    const line = new Wire(hosts, [2, 3]);
    const from = (to: { mac: number; ip: number }) => (uplink: number) => fromOutside(uplink, to);
    expect(line.fromStation(from(outer)).arrived).toEqual([[1, 2]]);
    expect(line.fromStation(from(guest3)).arrived).toEqual([[3, 3]]);
    expect(line.fromStation(from({ mac: macOf(wireGateway), ip: guest.ip })).arrived).toEqual([[1, 1]]);
    expect(line.fromStation(from(everybody)).arrived.sort()).toEqual([
      [1, 2],
      [3, 3],
    ]);
  });

  it('shows the MAC address of a gateway at one place, on whichever host the sender is', () => {
    const { model, hosts } = outsideOf([2, 3]);
    for (const row of [...interfaceRows(4, inner, address(inner, 4)), ...interfaceRows(5, inner, address(inner, 5))])
      model.put(...row);
    hosts.plug(2, 4).plug(3, 5);
    const line = new Wire(hosts, [2, 3]);
    const toOutside = (from: number) =>
      echoRequest(from, address(inner, from), { mac: macOf(innerGateway), ip: station.ip });
    expect([1, 2, 3].map((host) => line.fromGuest(host, toOutside([1, 4, 5][host - 1]!)).agents)).toEqual([
      [2],
      [2],
      [2],
    ]);
    resolves(hosts, 2);
    for (const [host, sender] of [
      [1, 1],
      [2, 4],
      [3, 5],
    ] as const) {
      const { heard } = line.fromGuest(host, toOutside(sender));
      expect(heard.map(({ eth_src, nw_ttl }) => [Number(eth_src), Number(nw_ttl)])).toEqual([[macOf(wireGateway), 63]]);
    }
    // To a guest on the wire, too: from the host that stands for the network.
    const { agents } = line.fromGuest(1, echoRequest(1, guest.ip, { mac: macOf(innerGateway), ip: guest3.ip }));
    expect(agents).toEqual([2]);
    hosts.host(2).compiler.relations.resolved.set({ id: 2, domain_id: wire, ip: guest3.ip, mac: guest3.mac });
    expect(line.fromGuest(1, echoRequest(1, guest.ip, { mac: macOf(innerGateway), ip: guest3.ip })).arrived).toEqual([
      [3, 3],
    ]);
    expect(line.moves).toBe(0);
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
