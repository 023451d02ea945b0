/** A client of `TcpService` for tests, and what they share. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Conversation } from '@openvnet/compiler';
import {
  decodeEthernet,
  decodeIpv4,
  decodeTcp,
  encodeEthernet,
  encodeIpv4,
  encodeTcp,
  firstSize,
  lengthFirst,
  maximumSegmentOption,
  type Tcp,
  tcpFlag,
  withoutLength,
} from '@openvnet/packet';
import type { TcpTimes } from '../answers/tcp-connection.ts';
import { TcpService } from '../answers/tcp-service.ts';

const { fin, syn, psh, ack } = tcpFlag;
export const between = { src: 0x0a000101, dst: 0x0a0001fd };
export const quick: TcpTimes = { retransmit: 10, idle: 200, life: 10_000 };
export const patient: TcpTimes = { retransmit: 10, idle: 10_000, life: 20_000 };

/** The service of a test, what it says to messages, and what it has counted. */
export const scene: { service: TcpService; reply: Conversation['reply']; counts: string[] } = {
  service: new TcpService(),
  reply: () => undefined,
  counts: [],
};

/** Begins anew, for another test. */
export function renew(): void {
  scene.service.close();
  scene.service = new TcpService();
  scene.reply = (each) => lengthFirst(withoutLength(each));
  scene.counts = [];
}

/** A client that does only what a test says; its sequence numbers soon go round. */
export class Client {
  readonly got: Tcp[] = [];
  readonly port: number;
  readonly name: string;
  next = 0xffff_fffe;
  seen = 0;
  /** From and to whom the last segment went. */
  ends: readonly number[] = [];
  onSegment: (segment: Tcp) => void = () => {};

  constructor(port = 4000, name = 'port 11') {
    this.port = port;
    this.name = name;
  }

  frame(segment: Partial<Tcp>): Buffer {
    const { sequence = this.next, acknowledgment = this.seen } = segment;
    const usual = { src_port: this.port, dst_port: 53, flags: ack, window: 0xffff };
    const numbers = { sequence: sequence >>> 0, acknowledgment: acknowledgment >>> 0 };
    const payload = encodeTcp({ ...usual, ...segment, ...numbers }, between);
    return encodeEthernet({ dst: 2, src: 1, type: 0x0800, payload: encodeIpv4({ ...between, protocol: 6, payload }) });
  }

  /** What comes at once for a segment. */
  send(segment: Partial<Tcp> = {}): Tcp[] {
    const before = this.got.length;
    this.hand(this.frame(segment));
    return this.got.slice(before);
  }

  hand(frame: Uint8Array): void {
    const conversation = {
      sizeOf: firstSize,
      reply: (m: Buffer) => scene.reply(m),
      count: (what: string) => scene.counts.push(what),
    };
    const send = (back: Uint8Array): void => {
      const { dst, src, payload } = decodeEthernet(back);
      const packet = decodeIpv4(payload);
      const segment = decodeTcp(packet.payload, packet);
      this.ends = [dst, src, packet.src, packet.dst];
      this.got.push(segment);
      this.onSegment(segment);
    };
    scene.service.take({ client: this.name, frame, send, conversation });
  }

  connect({ mss = 1460, window = 0xffff } = {}): this {
    const [greeting] = this.send({ flags: syn, acknowledgment: 0, options: maximumSegmentOption(mss), window });
    this.next = (this.next + 1) >>> 0;
    this.seen = (greeting!.sequence + 1) >>> 0;
    const welcome = greeting!.flags === (syn | ack) && greeting!.acknowledgment === this.next;
    if (!welcome || this.send({ window }).length > 0) throw new Error('the connection was not made');
    return this;
  }

  /** Sends bytes, and gives what came at once. */
  say(payload: Uint8Array, more: Partial<Tcp> = {}): Tcp[] {
    const segment = { payload, flags: ack | psh, ...more, sequence: this.next };
    this.next = (this.next + payload.length + (segment.flags & fin ? 1 : 0)) >>> 0;
    return this.send(segment);
  }

  /** Acknowledges what has come up to the end of a segment. */
  acknowledge(segment: Tcp, more: Partial<Tcp> = {}): Tcp[] {
    this.seen = (segment.sequence + segment.payload.length + (segment.flags & fin ? 1 : 0)) >>> 0;
    return this.send(more);
  }
}

export async function until(holds: () => boolean): Promise<void> {
  for (const end = performance.now() + 8000; !holds(); await sleep(5))
    if (performance.now() > end) throw new Error(`not within 8 s: ${holds}`);
}

export const text = (segments: readonly Tcp[]): string =>
  Buffer.concat(segments.map(({ payload }) => payload)).toString('latin1');
export const message = (content: string): Buffer => lengthFirst(Buffer.from(content, 'latin1'));
