/** What guests of a host of tests send and hear: frames go into their ports as bytes, and what leaves there is told in words. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  arpOperation,
  decodeArp,
  decodeEthernet,
  decodeIpv4,
  decodeUdp,
  encodeArp,
  encodeEthernet,
  encodeIcmp,
  encodeIpv4,
  encodeUdp,
  etherType,
  type Ipv4Input,
  ipProtocol,
  ipv4ToText,
} from '@openvnet/packet';
import { type Host, until } from './host.ts';

/** What ports heard, by their names; those that heard nothing are left out. */
export type Heard = Readonly<Record<string, readonly string[]>>;

/** MAC address and address of who sends or is meant. */
export interface Station {
  readonly mac: number;
  readonly ip: number;
}

export const everyone = 0xffff_ffff_ffff;

/** An address as people write it. */
export function address(text: string): number {
  return text.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
}

/** The MAC address `52:54:00:00:00:NN`. */
export function macOf(number: number): number {
  return 0x525400000000 + number;
}

export function macText(mac: number): string {
  return mac
    .toString(16)
    .padStart(12, '0')
    .replace(/..(?!$)/g, '$&:');
}

export class Wires {
  readonly #host: Pick<Host, 'vswitch'>;
  /** Frames that each port had heard already. */
  readonly #before = new Map<string, number>();

  constructor(host: Pick<Host, 'vswitch'>) {
    this.#host = host;
  }

  /** Adds a port whose frames are written down. */
  async plug(name: string, number: number): Promise<void> {
    const options = { tx_pcap: this.#file(name) };
    await this.#host.vswitch.addPort('br0', name, { ofportRequest: number, options });
    this.#before.set(name, 0);
  }

  /** Forgets a port that is not there any more. */
  unplug(name: string): void {
    this.#before.delete(name);
  }

  /**
   * Puts a frame into a port, and gives what all ports hear of it: as soon as one of `wanted` has heard something, or
   * else when the switch is done with it.
   */
  async send(port: string, frame: Buffer, ...wanted: readonly string[]): Promise<Heard> {
    const { vswitch } = this.#host;
    await vswitch.purge();
    for (const name of this.#before.keys()) this.#before.set(name, this.frames(name).length);
    await vswitch.inject(port, frame.toString('hex'));
    // Packets and commands are taken by one thread: when the second is answered, the packet has gone through.
    for (let turn = 0; turn < 2; turn++) await vswitch.purge();
    const there = (): boolean => wanted.length === 0 || wanted.some((name) => this.heard()[name] !== undefined);
    await until(there, { timeoutMs: 2000 }).catch(() => undefined);
    // What nobody waits for may come as well.
    await sleep(30);
    return this.heard();
  }

  /** What came since the last frame was sent. */
  heard(): Heard {
    return Object.fromEntries(
      [...this.#before]
        .map(([name, before]) => [name, this.frames(name).slice(before).map(inWords)] as const)
        .filter(([, frames]) => frames.length > 0),
    );
  }

  /** Frames that the switch has sent to a port since that was added. */
  frames(name: string): Buffer[] {
    const file = readFileSync(this.#file(name));
    const found: Buffer[] = [];
    for (let at = 24; at + 16 <= file.length; ) {
      const size = file.readUInt32LE(at + 8);
      found.push(file.subarray(at + 16, at + 16 + size));
      at += 16 + size;
    }
    return found;
  }

  /** The newest frame of a port. */
  last(name: string): Buffer | undefined {
    return this.frames(name).at(-1);
  }

  #file(name: string): string {
    return join(this.#host.vswitch.runDirectory, `${name}.pcap`);
  }
}

/** A frame in words: `echo request 10.0.1.1 > 10.0.1.2`. */
function inWords(frame: Buffer): string {
  const { type, payload } = decodeEthernet(frame);
  if (type === etherType.arp) {
    const { operation, spa, tpa } = decodeArp(payload);
    return `arp ${operation === arpOperation.request ? 'request' : 'reply'} ${ipv4ToText(spa)} > ${ipv4ToText(tpa)}`;
  }
  if (type !== etherType.ipv4) return `frame 0x${type.toString(16)}`;
  const packet = decodeIpv4(payload);
  const between = `${ipv4ToText(packet.src)} > ${ipv4ToText(packet.dst)}`;
  if (packet.protocol === ipProtocol.icmp) {
    const [kind, code] = packet.payload;
    const word = ({ 0: 'echo reply', 8: 'echo request' } as Record<number, string>)[kind!] ?? `icmp ${kind}/${code}`;
    return `${word} ${between}`;
  }
  if (packet.protocol !== ipProtocol.udp) return `ip ${packet.protocol} ${between}`;
  const { src_port, dst_port } = decodeUdp(packet.payload, packet);
  return `udp ${between} ${src_port} > ${dst_port}`;
}

/** An IPv4 packet from one to the other. */
export function packet(from: Station, to: Station, more: Pick<Ipv4Input, 'protocol' | 'payload'> & Partial<Ipv4Input>) {
  const payload = encodeIpv4({ src: from.ip, dst: to.ip, ...more });
  return encodeEthernet({ dst: to.mac, src: from.mac, type: etherType.ipv4, payload });
}

/** An echo request; `size` is that of what it carries. */
export function echo(from: Station, to: Station, size = 8, more: Partial<Ipv4Input> = {}): Buffer {
  const payload = encodeIcmp({ type: 8, code: 0, rest: 1, payload: new Uint8Array(size) });
  return packet(from, to, { protocol: ipProtocol.icmp, payload, ...more });
}

export function datagram(from: Station, to: Station, ports: readonly [number, number], payload: Uint8Array): Buffer {
  const between = { src: from.ip, dst: to.ip };
  const [src_port, dst_port] = ports;
  return packet(from, to, { protocol: ipProtocol.udp, payload: encodeUdp({ src_port, dst_port, payload }, between) });
}

export function arpRequest(from: Station, target: number): Buffer {
  const payload = encodeArp({ operation: arpOperation.request, sha: from.mac, spa: from.ip, tha: 0, tpa: target });
  return encodeEthernet({ dst: everyone, src: from.mac, type: etherType.arp, payload });
}

/** A broadcast that nobody answers. */
export function broadcast(from: Station): Buffer {
  return datagram(from, { mac: everyone, ip: 0xffff_ffff }, [1000, 1000], new Uint8Array(10));
}

/** A frame of another kind than IP: a segment carries it. */
export function plain(from: number, to: number): Buffer {
  return encodeEthernet({ dst: to, src: from, type: 0x88b5, payload: new Uint8Array(50) });
}

/** The same frame, which nobody may fragment. */
export function whole(frame: Buffer): Buffer {
  const { payload, ...rest } = decodeEthernet(frame);
  return encodeEthernet({ ...rest, payload: encodeIpv4({ ...decodeIpv4(payload), dont_fragment: true }) });
}
