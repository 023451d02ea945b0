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
  maximumSegmentOf,
  maximumSegmentOption,
  type Tcp,
  tcpFlag,
  withoutLength,
} from '@openvnet/packet';
import { DecodeError } from '@openvnet/wire';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TcpService, type TcpTimes } from './tcp-service.ts';

const { fin, syn, rst, psh, ack } = tcpFlag;
const between = { src: 0x0a000101, dst: 0x0a0001fd };
const quick: TcpTimes = { retransmit: 10, idle: 200, life: 10_000 };
const patient: TcpTimes = { retransmit: 10, idle: 10_000, life: 20_000 };

let service: TcpService;
let reply: Conversation['reply'];
let counts: string[];

beforeEach(() => {
  service = new TcpService();
  reply = (message) => lengthFirst(withoutLength(message));
  counts = [];
});

afterEach(() => service.close());

/** A client that does only what a test says; its sequence numbers soon go round. */
class Client {
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
      reply: (m: Buffer) => reply(m),
      count: (what: string) => counts.push(what),
    };
    const send = (back: Uint8Array): void => {
      const { dst, src, payload } = decodeEthernet(back);
      const packet = decodeIpv4(payload);
      const segment = decodeTcp(packet.payload, packet);
      this.ends = [dst, src, packet.src, packet.dst];
      this.got.push(segment);
      this.onSegment(segment);
    };
    service.take({ client: this.name, frame, send, conversation });
  }

  connect({ mss = 1460, window = 0xffff } = {}): this {
    const [greeting] = this.send({ flags: syn, acknowledgment: 0, options: maximumSegmentOption(mss), window });
    this.next = (this.next + 1) >>> 0;
    this.seen = (greeting!.sequence + 1) >>> 0;
    expect([greeting!.flags, greeting!.acknowledgment]).toEqual([syn | ack, this.next]);
    expect(this.send({ window })).toEqual([]);
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

async function until(holds: () => boolean): Promise<void> {
  for (const end = performance.now() + 8000; !holds(); await sleep(5))
    if (performance.now() > end) throw new Error(`not within 8 s: ${holds}`);
}

const text = (segments: readonly Tcp[]): string =>
  Buffer.concat(segments.map(({ payload }) => payload)).toString('latin1');
const message = (content: string): Buffer => lengthFirst(Buffer.from(content, 'latin1'));

describe('a connection', () => {
  it('is made, answers, and ends for both sides', () => {
    const client = new Client().connect();
    expect(maximumSegmentOf(client.got[0]!.options)).toBe(1460);
    expect(client.ends).toEqual([1, 2, between.dst, between.src]);
    const answers = client.say(message('hello'));
    expect(text(answers)).toBe('\0\x05hello');
    expect(answers.at(-1)).toMatchObject({ flags: ack | psh, sequence: client.seen, acknowledgment: client.next });
    expect(client.acknowledge(answers.at(-1)!)).toEqual([]);
    const end = client.say(Buffer.alloc(0), { flags: fin | ack });
    expect(end).toMatchObject([{ flags: fin | ack, acknowledgment: client.next, sequence: client.seen }]);
    expect(service.size).toBe(1);
    expect(client.acknowledge(end[0]!)).toEqual([]);
    expect([service.size, counts]).toEqual([0, ['connected', 'closed']]);
  });

  it('takes a query in many pieces, and many in one', () => {
    const client = new Client().connect();
    const pieces = [...message('slowly')].map((byte) => client.say(Uint8Array.of(byte)));
    for (const piece of pieces.slice(0, -1)) expect(piece).toMatchObject([{ flags: ack, payload: { length: 0 } }]);
    expect(text(pieces.at(-1)!)).toBe('\0\x06slowly');
    const many = Buffer.concat(['a', 'bb', 'ccc', ''].map(message));
    expect(text(client.say(Buffer.concat([many, Buffer.from([0])])))).toBe('\0\x01a\0\x02bb\0\x03ccc\0\0');
    expect(text(client.say(Buffer.from([1, 0x64])))).toBe('\0\x01d');
    // Of what comes again with more behind it, only that is new.
    const query = message('again');
    client.say(query.subarray(0, 3));
    client.next = (client.next - 3) >>> 0;
    expect(text(client.say(query))).toBe('\0\x05again');
  });

  it('answers as answers are there, and what was asked before the client ended', async () => {
    const waiting: ((made: Buffer) => void)[] = [];
    reply = () => new Promise<Buffer>((resolve) => waiting.push(resolve));
    const client = new Client().connect();
    client.say(Buffer.concat(['a', 'b'].map(message)), { flags: fin | ack });
    expect(client.got.at(-1)).toMatchObject({ flags: ack, acknowledgment: client.next });
    waiting[1]!(message('second'));
    await sleep(0);
    expect(text(client.got)).toBe('\0\x06second');
    waiting[0]!(message('first'));
    await sleep(0);
    expect(text(client.got)).toBe('\0\x06second\0\x05first');
    const end = client.got.at(-1)!;
    expect(end.flags & fin).toBe(fin);
    client.acknowledge(end);
    expect(service.size).toBe(0);
  });

  it('sends no more than the client takes, in segments of its size', () => {
    const long = 'x'.repeat(3000);
    reply = () => message(long);
    const sizes = (segments: readonly Tcp[]) => segments.map(({ payload }) => payload.length);
    expect(sizes(new Client(1).connect({ mss: 1000 }).say(message('?')))).toEqual([1000, 1000, 1000, 2]);
    expect(sizes(new Client(2).connect({ mss: 1 }).say(message('?')))).toEqual(Array(16).fill(88));
    const client = new Client(3).connect({ window: 1200 });
    const first = client.say(message('?'), { window: 1200 });
    expect(sizes(first)).toEqual([1200]);
    expect(sizes(client.acknowledge(first[0]!, { window: 5000 }))).toEqual([1460, 342]);
    const plain = new Client(4);
    const [greeting] = plain.send({ flags: syn });
    plain.next = 0xffff_ffff;
    plain.seen = (greeting!.sequence + 1) >>> 0;
    expect(sizes(plain.say(message('?')))).toEqual([536, 536, 536, 536, 536, 322]);
  });

  it('is one for each port of a client, and has numbers that nobody can guess', () => {
    const firsts = [1, 2, 3, 4, 5, 6].map((port) => new Client(port).connect().got[0]!.sequence);
    expect(new Set(firsts.map((number) => number >>> 16)).size).toBeGreaterThan(3);
    expect(service.size).toBe(6);
  });
});

describe('what is lost', () => {
  it('is sent again, the greeting too', async () => {
    service = new TcpService(patient);
    const silent = new Client(1);
    const [greeting] = silent.send({ flags: syn });
    expect(silent.send({ flags: syn })).toEqual([greeting]);
    await until(() => silent.got.length >= 4);
    expect(silent.got).toEqual(Array(silent.got.length).fill(greeting));
    const client = new Client(2).connect();
    const [answer] = client.say(message('hello'));
    await until(() => client.got.length >= 4);
    expect(client.got.slice(1)).toEqual(Array(client.got.length - 1).fill(answer));
  });

  it('is given up in the end', async () => {
    service = new TcpService(quick);
    const silent = new Client(1);
    silent.send({ flags: syn });
    const client = new Client(2).connect();
    client.say(message('hello'));
    await until(() => service.size === 0);
    expect([silent, client].map(({ got }) => got.at(-1)!.flags)).toEqual([rst | ack, rst | ack]);
    expect(counts).toEqual(['connected', 'connected', 'reset', 'reset']);
  });

  it('is sent again when the client repeats itself, and then all that follows', () => {
    reply = () => message('x'.repeat(4000));
    const client = new Client().connect();
    const query = message('?');
    const whole = client.say(query);
    const [first, second, third] = whole;
    const repeated = client.send({ sequence: (client.next - query.length) >>> 0, payload: query });
    expect(repeated).toEqual([{ ...first, acknowledgment: client.next }]);
    // The second is lost, and the third with it.
    client.acknowledge(first!);
    expect(client.send().length + client.send().length).toBe(0);
    expect(client.send().map(({ sequence }) => sequence)).toEqual([second!.sequence]);
    expect(client.acknowledge(second!).map(({ sequence }) => sequence)).toEqual([third!.sequence]);
    expect(client.acknowledge(third!)).toEqual([]);
  });

  it.each([1, 2, 3, 4, 5, 6, 7, 8])('never comes out of order or twice, whatever is lost (%i)', async (start) => {
    let seed = start;
    const random = (below: number): number => {
      seed = (seed * 48271) % 0x7fff_ffff;
      return seed % below;
    };
    const lost = (): boolean => random(100) < 25;
    const windows = [0xffff, 0xffff, 3000, 700, 1, 0];
    service = new TcpService({ retransmit: 5, idle: 8000, life: 10_000 });
    const content = Buffer.from(Array.from({ length: 30_000 }, (_, i) => (i * 7) >> 3));
    reply = () => lengthFirst(content);
    const client = new Client().connect();
    const received: Buffer[] = [];
    const query = message('?');
    const first = client.next;
    let ended = false;
    const later = (): void => {
      if (!lost()) client.send({ window: windows[random(windows.length)]! });
    };
    client.onSegment = ({ sequence, payload, flags }) => {
      if (lost() || (payload.length === 0 && (flags & fin) === 0)) return;
      if (sequence === client.seen && !ended) {
        received.push(Buffer.from(payload));
        ended = (flags & fin) !== 0;
        client.seen = (client.seen + payload.length + (ended ? 1 : 0)) >>> 0;
      }
      // As on a wire, what is sent for it comes later.
      setImmediate(later);
    };
    client.next = (first + query.length + 1) >>> 0;
    for (const end = performance.now() + 8000; service.size > 0 && performance.now() < end; await sleep(5)) {
      if (received.length === 0 && !lost()) client.send({ sequence: first, payload: query, flags: ack | fin });
      else if (random(10) === 0) later();
    }
    expect(Buffer.concat(received).equals(lengthFirst(content))).toBe(true);
    expect([ended, counts]).toEqual([true, ['connected', 'closed']]);
  });
});

describe('a client that takes nothing', () => {
  it('is asked whether it takes something again, and gets all when it does', async () => {
    service = new TcpService(patient);
    const client = new Client().connect();
    expect(text(client.say(message('hello'), { window: 0 }))).toBe('');
    await until(() => client.got.length >= 4);
    const probes = client.got.filter(({ payload }) => payload.length > 0);
    expect(probes[0]!.payload.length).toBe(1);
    expect(text(client.send({ window: 1000 }))).toBe('\0\x05hello');
  });

  it('gets the end of the connection again, too', async () => {
    service = new TcpService(patient);
    const client = new Client().connect();
    const [answer, end] = client.say(message('hello'), { flags: fin | ack });
    client.send({ window: 0 });
    await until(() => client.got.at(-1)!.payload.length === 1);
    expect(client.send({ window: 1000 })).toEqual([answer, end]);
    client.acknowledge(end!);
    expect(service.size).toBe(0);
  });

  it('is given up', async () => {
    service = new TcpService(quick);
    const client = new Client().connect();
    client.say(message('hello'), { window: 0 });
    await until(() => {
      if (service.size > 0) client.send({ window: 0 });
      return service.size === 0;
    });
    expect(counts).toEqual(['connected', 'reset']);
  });
});

describe('what is not of a connection', () => {
  it('is told that there is none', () => {
    const stranger = new Client();
    stranger.seen = 77;
    expect(stranger.say(Buffer.from('who?'))).toMatchObject([{ flags: rst, sequence: 77 }]);
    expect(stranger.send({ flags: fin, sequence: 5 })).toMatchObject([{ flags: rst | ack, acknowledgment: 6 }]);
    expect(stranger.send({ flags: rst })).toEqual([]);
    expect(stranger.send({ flags: syn | ack })).toMatchObject([{ flags: rst }]);
    expect(service.size).toBe(0);
  });

  it('cannot end one by a guess', () => {
    const client = new Client().connect();
    const here = { flags: ack, sequence: client.seen, acknowledgment: client.next };
    expect(client.send({ flags: rst, sequence: client.next + 100 })).toMatchObject([here]);
    expect(client.send({ flags: rst, sequence: client.next + 100_000 })).toEqual([]);
    expect(client.send({ flags: syn, sequence: 12345 })).toMatchObject([here]);
    expect(client.send({ acknowledgment: client.seen + 5 })).toMatchObject([here]);
    expect(client.send({ sequence: client.next + 10_000, payload: Buffer.from('x') })).toMatchObject([here]);
    expect(client.send({ sequence: client.next - 1 })).toMatchObject([here]);
    expect(text(client.say(message('still')))).toBe('\0\x05still');
    client.send({ flags: rst });
    expect([service.size, counts.at(-1)]).toEqual([0, 'reset by the client']);
  });

  it('makes room where a client begins anew', () => {
    const client = new Client();
    client.send({ flags: syn, sequence: 1000 });
    client.connect();
    expect(service.size).toBe(1);
    expect(client.send({ sequence: 1001, acknowledgment: client.got[0]!.sequence + 1 }).length).toBeLessThan(2);
    expect(text(client.say(message('new')))).toBe('\0\x03new');
  });
});

describe('what is kept', () => {
  it('is bounded for each client and for all', () => {
    const open = (name: string, port: number) => new Client(port, name).send({ flags: syn })[0]!.flags;
    const flags = Array.from({ length: 20 }, (_, i) => open('one', i));
    expect(flags).toEqual([...Array(16).fill(syn | ack), ...Array(4).fill(rst | ack)]);
    for (let i = 0; i < 1000; i++) open(`other ${i}`, 1);
    expect([service.size, counts.filter((what) => what === 'too many connections').length]).toEqual([512, 508]);
    service.close();
    expect([service.size, open('one', 1)]).toEqual([0, syn | ack]);
  });

  it('is no more of a message than is of use, and no more answers than are taken', () => {
    const client = new Client(1).connect();
    expect(client.say(Buffer.from([0x20, 0]))).toMatchObject([{ flags: rst | ack }]);
    expect([service.size, counts.at(-1)]).toEqual([0, 'reset']);
    expect(counts).toContain('too long');
    let asked = 0;
    reply = () => {
      asked++;
      return message('x'.repeat(40_000));
    };
    const greedy = new Client(2).connect();
    const queries = Buffer.concat(Array(100).fill(message('?')));
    for (let i = 0; i < 20; i++) greedy.say(queries, { window: 0 });
    expect(asked).toBe(2);
    expect(greedy.got.at(-1)!.window).toBeLessThan(300);
    asked = 0;
    reply = () => {
      asked++;
      return new Promise(() => {});
    };
    new Client(3).connect().say(queries);
    expect(asked).toBe(8);
  });

  it('is forgotten when nothing is said, and when it lasts too long', async () => {
    service = new TcpService(quick);
    const client = new Client(1).connect();
    await until(() => service.size === 0);
    expect(client.got.map(({ flags }) => flags).filter((flags, i, all) => flags !== all[i - 1])).toEqual([
      syn | ack,
      fin | ack,
      rst | ack,
    ]);
    service = new TcpService({ ...patient, life: 100 });
    const busy = new Client(2).connect();
    await until(() => {
      const [answer] = service.size > 0 ? busy.say(message('more')) : [];
      if (answer && answer.payload.length > 0) busy.acknowledge(answer);
      return service.size === 0;
    });
    expect(busy.got.at(-1)!.flags).toBe(rst | ack);
  });

  it('ends where an answer fails', async () => {
    reply = () => {
      throw new DecodeError('no', 0);
    };
    expect(new Client(1).connect().say(message('?')).at(-1)!.flags).toBe(rst | ack);
    reply = () => Promise.reject(new Error('no'));
    const client = new Client(2).connect();
    client.say(message('?'));
    await sleep(0);
    expect(client.got.at(-1)!.flags).toBe(rst | ack);
    expect(counts).toEqual(['connected', 'malformed', 'reset', 'connected', 'failed', 'reset']);
    expect(service.size).toBe(0);
  });
});

describe('any frame', () => {
  it('with a fragment is refused', () => {
    const payload = encodeTcp(
      { src_port: 1, dst_port: 53, sequence: 1, acknowledgment: 0, flags: syn, window: 1 },
      between,
    );
    for (const part of [{ more_fragments: true }, { fragment_offset: 1 }]) {
      const packet = encodeIpv4({ ...between, ...part, protocol: 6, payload });
      const frame = encodeEthernet({ dst: 2, src: 1, type: 0x0800, payload: packet });
      expect(() => new Client().hand(frame)).toThrow('a fragment');
    }
  });

  it('that was cut, flipped or made up is refused or taken, and never more', () => {
    const client = new Client().connect();
    const whole = client.frame({ payload: message('hello'), flags: ack | psh });
    const attempt = (frame: Uint8Array): void => {
      try {
        client.hand(frame);
      } catch (error) {
        expect(error).toBeInstanceOf(DecodeError);
      }
    };
    const spoilt = fc.property(fc.nat(), fc.nat(255), fc.nat(whole.length), (at, mask, size) => {
      const bytes = Buffer.from(whole);
      bytes[at % bytes.length]! ^= mask;
      attempt(bytes);
      attempt(bytes.subarray(0, size));
    });
    fc.assert(spoilt, { numRuns: 500 });
    const near = fc.integer({ min: -5000, max: 5000 });
    const anything = fc.record({
      flags: fc.nat(255),
      sequence: near,
      acknowledgment: near,
      window: fc.nat(0xffff),
      options: fc.uint8Array({ maxLength: 10 }).map((bytes) => Buffer.concat([bytes, Buffer.alloc(40 - bytes.length)])),
      payload: fc.uint8Array({ maxLength: 50 }),
      port: fc.integer({ min: 1, max: 40 }),
    });
    const segments = fc.property(anything, ({ port, ...segment }) => {
      const other = new Client(port);
      const sequence = client.next + segment.sequence;
      const acknowledgment = client.seen + segment.acknowledgment;
      attempt(other.frame({ ...segment, sequence, acknowledgment }));
      attempt(client.frame({ ...segment, sequence, acknowledgment }));
      expect(service.size).toBeLessThanOrEqual(16);
      const last = client.got.at(-1)!;
      if ((last.flags & (rst | fin | syn)) === 0) client.seen = last.sequence;
    });
    fc.assert(segments, { numRuns: 2000 });
  });
});
