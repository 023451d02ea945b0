import { isIP } from 'node:net';
import { type Encapsulation, encapsulations, parseIpv4 } from '@openvnet/model';
import { ipv6Bits } from '../features/tunnel.ts';
import type { Packet } from '../simulate/simulate.ts';
import { datapathRow, placementRow, type TestModel, TestSwitch } from './model.ts';

/** Where a copy of a packet has left for a guest or an uplink. */
export interface Arrived {
  readonly host: number;
  readonly port: number;
  readonly packet: Packet;
}

/** A frame on the way from one host to another. */
export interface Carried {
  readonly from: number;
  readonly to: number;
  readonly key: number;
  readonly encapsulation: Encapsulation;
}

const firstTunnel = 1000;

/** Several hosts over one model, numbered as their datapaths, with an underlay that carries what they send to each other. */
export class TestHosts {
  readonly #model: TestModel;
  readonly #hosts = new Map<number, TestSwitch>();

  constructor(model: TestModel, ids: readonly number[], more: Parameters<typeof datapathRow>[1] = {}) {
    this.#model = model;
    for (const id of ids) {
      model.put(...datapathRow(id, more));
      const host = new TestSwitch(model, id);
      for (const [i, encapsulation] of encapsulations.entries())
        host.compiler.relations.tunnel.set({ id: firstTunnel + i, encapsulation });
      this.#hosts.set(id, host);
    }
  }

  host(id: number): TestSwitch {
    return this.#hosts.get(id)!;
  }

  /** Plugs a guest's port in on a host, which all hosts are told of. The port has the number of the interface. */
  plug(host: number, ...interfaces: readonly number[]): this {
    for (const id of interfaces) {
      this.host(host).port(id);
      this.#model.put(...placementRow(id, host));
    }
    return this;
  }

  /** What becomes of a packet that a guest sends on a host: where it arrives, and what the underlay carries for it. */
  run(
    host: number,
    packet: Packet,
  ): { arrived: Arrived[]; carried: Carried[]; toAgents: { host: number; reason: number }[] } {
    const arrived: Arrived[] = [];
    const carried: Carried[] = [];
    const toAgents: { host: number; reason: number }[] = [];
    const queue = [{ host, packet }];
    for (let next = queue.shift(); next; next = queue.shift()) {
      if (carried.length > 100) throw new RangeError('the packet goes round in circles');
      const { sent, toAgent } = this.host(next.host).run(next.packet);
      toAgents.push(...toAgent.map(({ reason }) => ({ host: next!.host, reason })));
      for (const copy of sent) {
        const encapsulation = encapsulations[copy.port - firstTunnel];
        if (!encapsulation) {
          arrived.push({ host: next.host, ...copy });
          continue;
        }
        const to = this.#hostAt(copy.packet);
        const key = Number(copy.packet.tunnel_id);
        carried.push({ from: next.host, to, key, encapsulation });
        const { tun_dst: _, tun_ipv6_dst: __, ...inner } = copy.packet;
        queue.push({ host: to, packet: { ...inner, in_port: copy.port, ...this.#outerSource(next.host) } });
      }
    }
    return { arrived, carried, toAgents };
  }

  /** Where both destinations are set, IPv4 wins. */
  #hostAt({ tun_dst = 0, tun_ipv6_dst = 0 }: Packet): number {
    const [name, address] = Number(tun_dst) === 0 ? ['tun_ipv6_src', tun_ipv6_dst] : ['tun_src', tun_dst];
    const found = [...this.#hosts.keys()].find((id) => this.#outerSource(id)[name as keyof Packet] === BigInt(address));
    if (found === undefined) throw new RangeError(`no host has the address ${address}`);
    return found;
  }

  /** The source of what a host sends to others, as a packet that comes out of a tunnel has it. */
  #outerSource(host: number): Packet {
    const address = this.#model.relations.datapath.get(host)!.tunnel_address!;
    return isIP(address) === 6 ? { tun_ipv6_src: ipv6Bits(address) } : { tun_src: BigInt(parseIpv4(address)!) };
  }
}
