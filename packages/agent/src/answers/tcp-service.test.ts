import { setTimeout as sleep } from 'node:timers/promises';
import { lengthFirst, maximumSegmentOf, type Tcp, tcpFlag } from '@openvnet/packet';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { between, Client, message, patient, quick, renew, scene, text, until } from '../testing/tcp-client.ts';
import { TcpService } from './tcp-service.ts';

const { fin, syn, rst, psh, ack } = tcpFlag;

beforeEach(renew);
afterEach(() => scene.service.close());

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
    expect(scene.service.size).toBe(1);
    expect(client.acknowledge(end[0]!)).toEqual([]);
    expect([scene.service.size, scene.counts]).toEqual([0, ['connected', 'closed']]);
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
    scene.reply = () => new Promise<Buffer>((resolve) => waiting.push(resolve));
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
    expect(scene.service.size).toBe(0);
  });

  it('sends no more than the client takes, in segments of its size', () => {
    const long = 'x'.repeat(3000);
    scene.reply = () => message(long);
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
    expect(scene.service.size).toBe(6);
  });
});

describe('what is lost', () => {
  it('is sent again, the greeting too', async () => {
    scene.service = new TcpService(patient);
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
    scene.service = new TcpService(quick);
    const silent = new Client(1);
    silent.send({ flags: syn });
    const client = new Client(2).connect();
    client.say(message('hello'));
    await until(() => scene.service.size === 0);
    expect([silent, client].map(({ got }) => got.at(-1)!.flags)).toEqual([rst | ack, rst | ack]);
    expect(scene.counts).toEqual(['connected', 'connected', 'reset', 'reset']);
  });

  it('is sent again when the client repeats itself, and then all that follows', () => {
    scene.reply = () => message('x'.repeat(4000));
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

  it.each([1, 2, 3, 4, 5, 6, 7, 8])(
    'never comes out of order or twice, whatever is lost (%i)',
    { timeout: 15_000 },
    async (start) => {
      let seed = start;
      const random = (below: number): number => {
        seed = (seed * 48271) % 0x7fff_ffff;
        return seed % below;
      };
      const lost = (): boolean => random(100) < 25;
      const windows = [0xffff, 0xffff, 3000, 700, 1, 0];
      scene.service = new TcpService({ retransmit: 5, idle: 8000, life: 10_000 });
      const content = Buffer.from(Array.from({ length: 30_000 }, (_, i) => (i * 7) >> 3));
      scene.reply = () => lengthFirst(content);
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
      for (const end = performance.now() + 8000; scene.service.size > 0 && performance.now() < end; await sleep(5)) {
        if (received.length === 0 && !lost()) client.send({ sequence: first, payload: query, flags: ack | fin });
        else if (random(10) === 0) later();
      }
      expect(Buffer.concat(received).equals(lengthFirst(content))).toBe(true);
      expect([ended, scene.counts]).toEqual([true, ['connected', 'closed']]);
    },
  );
});

describe('a client that takes nothing', () => {
  it('is asked whether it takes something again, and gets all when it does', async () => {
    scene.service = new TcpService(patient);
    const client = new Client().connect();
    expect(text(client.say(message('hello'), { window: 0 }))).toBe('');
    await until(() => client.got.length >= 4);
    const probes = client.got.filter(({ payload }) => payload.length > 0);
    expect(probes[0]!.payload.length).toBe(1);
    expect(text(client.send({ window: 1000 }))).toBe('\0\x05hello');
  });

  it('gets the end of the connection again, too', async () => {
    scene.service = new TcpService(patient);
    const client = new Client().connect();
    const [answer, end] = client.say(message('hello'), { flags: fin | ack });
    client.send({ window: 0 });
    await until(() => client.got.at(-1)!.payload.length === 1);
    expect(client.send({ window: 1000 })).toEqual([answer, end]);
    client.acknowledge(end!);
    expect(scene.service.size).toBe(0);
  });

  it('is given up', async () => {
    scene.service = new TcpService(quick);
    const client = new Client().connect();
    client.say(message('hello'), { window: 0 });
    await until(() => {
      if (scene.service.size > 0) client.send({ window: 0 });
      return scene.service.size === 0;
    });
    expect(scene.counts).toEqual(['connected', 'reset']);
  });
});
