import { setTimeout as sleep } from 'node:timers/promises';
import { encodeEthernet, encodeIpv4, encodeTcp, tcpFlag } from '@openvnet/packet';
import { DecodeError } from '@openvnet/wire';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { between, Client, message, patient, quick, renew, scene, text, until } from '../testing/tcp-client.ts';
import { TcpService } from './tcp-service.ts';

const { fin, syn, rst, psh, ack } = tcpFlag;

beforeEach(renew);
afterEach(() => scene.service.close());

describe('what is not of a connection', () => {
  it('is told that there is none', () => {
    const stranger = new Client();
    stranger.seen = 77;
    expect(stranger.say(Buffer.from('who?'))).toMatchObject([{ flags: rst, sequence: 77 }]);
    expect(stranger.send({ flags: fin, sequence: 5 })).toMatchObject([{ flags: rst | ack, acknowledgment: 6 }]);
    expect(stranger.send({ flags: rst })).toEqual([]);
    expect(stranger.send({ flags: syn | ack })).toMatchObject([{ flags: rst }]);
    expect(scene.service.size).toBe(0);
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
    expect([scene.service.size, scene.counts.at(-1)]).toEqual([0, 'reset by the client']);
  });

  it('makes room where a client begins anew', () => {
    const client = new Client();
    client.send({ flags: syn, sequence: 1000 });
    client.connect();
    expect(scene.service.size).toBe(1);
    expect(client.send({ sequence: 1001, acknowledgment: client.got[0]!.sequence + 1 }).length).toBeLessThan(2);
    expect(text(client.say(message('new')))).toBe('\0\x03new');
  });
});

describe('what is kept', () => {
  it('is bounded for each client and for all', () => {
    const refused = (): number => scene.counts.filter((what) => what === 'too many connections').length;
    for (let i = 0; i < 16; i++) new Client(i).connect();
    expect(new Client(99).send({ flags: syn })).toMatchObject([{ flags: rst | ack }]);
    expect([scene.service.size, refused()]).toEqual([16, 1]);
    // However many take what they can get, who has none gets one.
    for (let i = 0; i < 1000; i++) new Client(i, `other ${i % 50}`).send({ flags: syn });
    const full = scene.service.size;
    new Client(1, 'newcomer').connect();
    expect([full > 450, full < 512, scene.service.size]).toEqual([true, true, full + 1]);
    scene.service.close();
    expect(scene.service.size).toBe(0);
  });

  it('is whole connections rather than half of one, of a client that begins many', () => {
    const whole = new Client(1).connect();
    for (let i = 0; i < 10_000; i++) new Client(2 + i).send({ flags: syn });
    expect([scene.service.size, text(whole.say(message('still')))]).toEqual([16, '\0\x05still']);
    // Its next one finds room as well.
    expect(text(new Client(60_000).connect().say(message('new')))).toBe('\0\x03new');
    expect(scene.counts.filter((what) => what === 'replaced by a new connection').length).toBe(9986);
  });

  it('is no more of a message than is of use, and no more answers than are taken', () => {
    const client = new Client(1).connect();
    expect(client.say(Buffer.from([0x20, 0]))).toMatchObject([{ flags: rst | ack }]);
    expect([scene.service.size, scene.counts.at(-1)]).toEqual([0, 'reset']);
    expect(scene.counts).toContain('too long');
    let asked = 0;
    scene.reply = () => {
      asked++;
      return message('x'.repeat(40_000));
    };
    const greedy = new Client(2).connect();
    const queries = Buffer.concat(Array(100).fill(message('?')));
    for (let i = 0; i < 20; i++) greedy.say(queries, { window: 0 });
    expect(asked).toBe(2);
    expect(greedy.got.at(-1)!.window).toBeLessThan(300);
    asked = 0;
    scene.reply = () => {
      asked++;
      return new Promise(() => {});
    };
    new Client(3).connect().say(queries);
    expect(asked).toBe(8);
  });

  it('is forgotten when nothing is said, and when it lasts too long', async () => {
    scene.service = new TcpService(quick);
    const client = new Client(1).connect();
    await until(() => scene.service.size === 0);
    expect(client.got.map(({ flags }) => flags).filter((flags, i, all) => flags !== all[i - 1])).toEqual([
      syn | ack,
      fin | ack,
      rst | ack,
    ]);
    scene.service = new TcpService({ ...patient, life: 100 });
    const busy = new Client(2).connect();
    await until(() => {
      const [answer] = scene.service.size > 0 ? busy.say(message('more')) : [];
      if (answer && answer.payload.length > 0) busy.acknowledge(answer);
      return scene.service.size === 0;
    });
    expect(busy.got.at(-1)!.flags).toBe(rst | ack);
  });

  it('ends where an answer fails', async () => {
    scene.reply = () => {
      throw new DecodeError('no', 0);
    };
    expect(new Client(1).connect().say(message('?')).at(-1)!.flags).toBe(rst | ack);
    scene.reply = () => Promise.reject(new Error('no'));
    const client = new Client(2).connect();
    client.say(message('?'));
    await sleep(0);
    expect(client.got.at(-1)!.flags).toBe(rst | ack);
    expect(scene.counts).toEqual(['connected', 'malformed', 'reset', 'connected', 'failed', 'reset']);
    expect(scene.service.size).toBe(0);
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
      expect(scene.service.size).toBeLessThanOrEqual(16);
      const last = client.got.at(-1)!;
      if ((last.flags & (rst | fin | syn)) === 0) client.seen = last.sequence;
    });
    fc.assert(segments, { numRuns: 2000 });
  });
});
