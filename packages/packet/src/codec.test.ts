import { spawnSync } from 'node:child_process';
import { DecodeError } from '@openvnet/wire';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decodeArp,
  decodeEthernet,
  decodeIcmp,
  decodeIpv4,
  decodeTcp,
  decodeUdp,
  encodeArp,
  encodeEthernet,
  encodeIcmp,
  encodeIpv4,
  encodeTcp,
  encodeUdp,
  maximumSegmentOf,
  maximumSegmentOption,
} from './index.ts';

const bits = (count: number) => fc.integer({ min: 0, max: 2 ** count - 1 });
const u48 = fc.tuple(bits(16), bits(32)).map(([high, low]) => high * 2 ** 32 + low);
const bytes = (maxLength = 200) => fc.uint8Array({ maxLength });

const vlan = fc.record(
  { vid: bits(12), pcp: bits(3), dei: fc.constant(true as const) },
  { requiredKeys: ['vid', 'pcp'] },
);
const ethernet = fc.record(
  // A type of 0x8100 without a tag would be read as one.
  { dst: u48, src: u48, type: bits(16).filter((type) => type !== 0x8100), vlan, payload: bytes() },
  { requiredKeys: ['dst', 'src', 'type', 'payload'] },
);
const arp = fc.record({ operation: bits(16), sha: u48, spa: bits(32), tha: u48, tpa: bits(32) });
const options = fc
  .integer({ min: 0, max: 10 })
  .chain((words) => fc.uint8Array({ minLength: words * 4, maxLength: words * 4 }));
const ipv4 = fc.record({
  dscp: bits(6),
  ecn: bits(2),
  identification: bits(16),
  dont_fragment: fc.boolean(),
  more_fragments: fc.boolean(),
  fragment_offset: bits(13),
  ttl: bits(8),
  protocol: bits(8),
  src: bits(32),
  dst: bits(32),
  options,
  payload: bytes(),
});
const icmp = fc.record({ type: bits(8), code: bits(8), rest: bits(32), payload: bytes() });
const udp = fc.record({ src_port: bits(16), dst_port: bits(16), payload: bytes() });
const tcp = fc.record({
  src_port: bits(16),
  dst_port: bits(16),
  sequence: bits(32),
  acknowledgment: bits(32),
  flags: bits(8),
  window: bits(16),
  urgent: bits(16),
  options,
  payload: bytes(),
});

/** With byte runs as plain arrays: a view of a Buffer is another class than what was given. */
function plain(value: object): object {
  return Object.fromEntries(
    Object.entries(value).map(([name, part]) => [name, part instanceof Uint8Array ? [...part] : part]),
  );
}

describe('encode, then decode', () => {
  it('gives an Ethernet frame back', () => {
    same(ethernet, (frame) => decodeEthernet(encodeEthernet(frame)));
  });
  it('gives an ARP packet back', () => {
    same(arp, (packet) => decodeArp(encodeArp(packet)));
  });
  it('gives an IPv4 packet back, whatever follows it', () => {
    same(ipv4, (packet) => decodeIpv4(Buffer.concat([encodeIpv4(packet), packet.payload])));
  });
  it('gives an ICMP message back', () => {
    same(icmp, (message) => decodeIcmp(encodeIcmp(message)));
  });
  it('gives a UDP datagram back', () => {
    const between = { src: 0xffff_ffff, dst: 0x0a00_0001 };
    same(udp, (datagram) => decodeUdp(Buffer.concat([encodeUdp(datagram, between), datagram.payload]), between));
  });
  it('gives a TCP segment back', () => {
    const between = { src: 0xffff_ffff, dst: 0x0a00_0001 };
    same(tcp, (segment) => decodeTcp(encodeTcp(segment, between), between));
  });
});

/** Asserts that `through` gives back what it is given. */
function same<T extends object>(values: fc.Arbitrary<T>, through: (value: T) => object): void {
  const property = fc.property(values, (value) => {
    expect(plain(through(value))).toEqual(plain(value));
  });
  fc.assert(property);
}

/** Reads all that the type of each layer says is there. */
function decodeAll(frame: Uint8Array): void {
  const { type, payload } = decodeEthernet(frame);
  if (type === 0x0806) decodeArp(payload);
  if (type !== 0x0800) return;
  const packet = decodeIpv4(payload);
  if (packet.protocol === 1) decodeIcmp(packet.payload);
  if (packet.protocol === 17) decodeUdp(packet.payload, packet);
  if (packet.protocol === 6) maximumSegmentOf(decodeTcp(packet.payload, packet).options);
}

const frame = fc
  .record({ ethernet, arp, ipv4, icmp, udp, tcp, kind: fc.constantFrom('arp', 'icmp', 'udp', 'tcp') })
  .map((given) => {
    if (given.kind === 'arp') return encodeEthernet({ ...given.ethernet, type: 0x0806, payload: encodeArp(given.arp) });
    const inner =
      given.kind === 'icmp'
        ? { protocol: 1, payload: encodeIcmp(given.icmp) }
        : given.kind === 'udp'
          ? { protocol: 17, payload: encodeUdp(given.udp, given.ipv4) }
          : { protocol: 6, payload: encodeTcp(given.tcp, given.ipv4) };
    return encodeEthernet({ ...given.ethernet, type: 0x0800, payload: encodeIpv4({ ...given.ipv4, ...inner }) });
  });

describe('input that was cut, flipped or made up', () => {
  const readable = (input: Uint8Array) => {
    for (const decode of [
      decodeAll,
      decodeArp,
      decodeIpv4,
      decodeIcmp,
      (b: Uint8Array) => decodeUdp(b, { src: 1, dst: 2 }),
      (b: Uint8Array) => decodeTcp(b, { src: 1, dst: 2 }),
      maximumSegmentOf,
    ]) {
      try {
        decode(input);
      } catch (error) {
        expect(error).toBeInstanceOf(DecodeError);
      }
    }
  };
  it('gives a DecodeError or a value', () => {
    fc.assert(fc.property(bytes(), readable));
    const spoilt = fc.property(frame, fc.nat(), fc.nat(), bits(8), (whole, cut, at, mask) => {
      decodeAll(whole);
      readable(whole.subarray(0, cut % (whole.length + 1)));
      const flipped = Buffer.from(whole);
      flipped[at % whole.length]! ^= mask;
      readable(flipped);
    });
    fc.assert(spoilt, { numRuns: 1000 });
  });
});

describe('the largest segment', () => {
  it('is found among other options, and nowhere where they cannot be read', () => {
    const of = (hex: string) => maximumSegmentOf(Buffer.from(hex, 'hex'));
    expect(maximumSegmentOf(maximumSegmentOption(1460))).toBe(1460);
    expect([of(''), of('0101040202040218'), of('0002040218'), of('0300020405b4'), of('0204'), of('02030101')]).toEqual([
      undefined,
      0x218,
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
  });
});

/** A capture file of Ethernet frames, in the byte order of the network. */
function capture(frames: readonly Uint8Array[]): Buffer {
  const header = Buffer.from('a1b2c3d4000200040000000000000000000400000000' + '0001', 'hex');
  return Buffer.concat([
    header,
    ...frames.flatMap((bytes) => {
      const record = Buffer.alloc(16);
      record.writeUInt32BE(bytes.length, 8);
      record.writeUInt32BE(bytes.length, 12);
      return [record, bytes];
    }),
  ]);
}

const reader = 'tcpdump';
const read = (frames: readonly Uint8Array[]) =>
  spawnSync(reader, ['-tnevvr', '-'], { input: capture(frames), encoding: 'utf8' });

describe('tcpdump', () => {
  const between = { src: 0x0a00_0001, dst: 0x0a00_0002 };
  const mac = { dst: 0x5254_0000_0002, src: 0x5254_0000_0001 };
  const ip = (protocol: number, payload: Uint8Array) =>
    encodeEthernet({ ...mac, type: 0x0800, payload: encodeIpv4({ ...between, protocol, payload, identification: 7 }) });

  it('reads the same and finds no bad checksum', () => {
    const request = { operation: 1, sha: mac.src, spa: between.src, tha: 0, tpa: between.dst };
    const segment = { src_port: 53, dst_port: 4000, sequence: 7, acknowledgment: 9, flags: 0x12, window: 4096 };
    const frames = [
      encodeEthernet({ ...mac, type: 0x0806, vlan: { vid: 10, pcp: 3 }, payload: encodeArp(request) }),
      encodeEthernet({ ...mac, type: 0x0806, payload: encodeArp({ ...request, operation: 2, tha: mac.dst }) }),
      ip(1, encodeIcmp({ type: 8, code: 0, rest: 0x1234_0001, payload: Buffer.from('odd') })),
      ip(17, encodeUdp({ src_port: 5000, dst_port: 6000, payload: Buffer.from('odd') }, between)),
      ip(6, encodeTcp({ ...segment, options: maximumSegmentOption(1460) }, between)),
    ];
    const { stdout, stderr } = read(frames);
    expect(stderr).not.toMatch(/error|cannot/i);
    expect(stdout).toMatchInlineSnapshot(`
      "52:54:00:00:00:01 > 52:54:00:00:00:02, ethertype 802.1Q (0x8100), length 46: vlan 10, p 3, ethertype ARP (0x0806), Ethernet (len 6), IPv4 (len 4), Request who-has 10.0.0.2 tell 10.0.0.1, length 28
      52:54:00:00:00:01 > 52:54:00:00:00:02, ethertype ARP (0x0806), length 42: Ethernet (len 6), IPv4 (len 4), Reply 10.0.0.1 is-at 52:54:00:00:00:01, length 28
      52:54:00:00:00:01 > 52:54:00:00:00:02, ethertype IPv4 (0x0800), length 45: (tos 0x0, ttl 64, id 7, offset 0, flags [none], proto ICMP (1), length 31)
          10.0.0.1 > 10.0.0.2: ICMP echo request, id 4660, seq 1, length 11
      52:54:00:00:00:01 > 52:54:00:00:00:02, ethertype IPv4 (0x0800), length 45: (tos 0x0, ttl 64, id 7, offset 0, flags [none], proto UDP (17), length 31)
          10.0.0.1.5000 > 10.0.0.2.6000: [udp sum ok] UDP, length 3
      52:54:00:00:00:01 > 52:54:00:00:00:02, ethertype IPv4 (0x0800), length 58: (tos 0x0, ttl 64, id 7, offset 0, flags [none], proto TCP (6), length 44)
          10.0.0.1.53 > 10.0.0.2.4000: Flags [S.], cksum 0x642f (correct), seq 7, ack 9, win 4096, options [mss 1460], length 0
      "
    `);
  });

  it('finds no bad checksum in any frame', () => {
    const frames = fc.sample(frame, { numRuns: 300, seed: 1 });
    const { stdout } = read(frames);
    expect(stdout.match(/^\S.* > .*, (ethertype|802.3)/gm)).toHaveLength(300);
    expect(stdout).not.toMatch(/bad (udp )?cksum|wrong|incorrect/);
  });
});
