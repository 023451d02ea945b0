/** Physical networks: hosts with an uplink are on one wire. */
import { describe, expect, it } from 'vitest';
import { localPort } from '../pipeline/ports.ts';
import type { Packet } from '../simulate/simulate.ts';
import type { TestHosts } from '../testing/hosts.ts';
import { echoRequest, interfaceRows, macOf, placementRow } from '../testing/model.ts';
import {
  address,
  askedByOutside,
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
  uplinkRows,
  wire,
  wireGateway,
} from '../testing/outside.ts';

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
    // One that the agent has resolved as well.
    hosts.host(2).compiler.relations.resolved.set({ id: 1, domain_id: wire, ip: guest3.ip, mac: guest3.mac });
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
    // From a host with an uplink to a guest on one without, through the host that stands for the network; and the other way.
    const toOuter = echoRequest(5, address(inner, 5), { mac: macOf(innerGateway), ip: outer.ip });
    expect(line.fromGuest(3, toOuter)).toMatchObject({ arrived: [[1, 2]], heard: [] });
    const { agents } = line.fromGuest(1, echoRequest(1, guest.ip, { mac: macOf(innerGateway), ip: guest3.ip }));
    expect(agents).toEqual([2]);
    hosts.host(2).compiler.relations.resolved.set({ id: 2, domain_id: wire, ip: guest3.ip, mac: guest3.mac });
    expect(line.fromGuest(1, echoRequest(1, guest.ip, { mac: macOf(innerGateway), ip: guest3.ip })).arrived).toEqual([
      [3, 3],
    ]);
    expect(line.moves).toBe(0);
  });
});

describe('an uplink of which other hosts have not been told yet', () => {
  it.each([
    [1, 3],
    [3, 1],
  ])('sends nothing to the wire that host %i has heard there', (known, untold) => {
    const { model, hosts } = outsideOf([known]);
    for (const row of uplinkRows(50 + untold, 'host')) model.put(...row);
    hosts.host(untold).port(50 + untold);
    const toAll = fromOutside(known, { mac: broadcast, ip: 0xffff_ffff });
    for (const frame of [toAll, { ...toAll, icmpv4_type: 3, icmpv4_code: 4 }]) {
      const { arrived, carried } = hosts.run(known, frame);
      expect(carried).toMatchObject([{ from: known, to: untold }]);
      expect(arrived.filter(({ host }) => host === untold)).toEqual([]);
    }
    // Once they are told, no tunnel carries it.
    hosts.plug(untold, 50 + untold);
    expect(hosts.run(known, toAll).carried).toEqual([]);
  });

  it('does not take in frames of hosts without an uplink, which reach its guests by the wire', () => {
    const { model, hosts } = outsideOf([1]);
    for (const row of [...uplinkRows(53, 'host'), ...interfaceRows(4, wire, address(wire, 4))]) model.put(...row);
    hosts.plug(2, 4);
    hosts.host(3).port(53);
    const { arrived } = hosts.run(2, echoRequest(4, address(wire, 4), { mac: broadcast, ip: 0xffff_ffff }));
    expect(arrived.filter(({ port }) => port > 50 && port < 60).map(at)).toEqual([[1, 51]]);
  });
});
