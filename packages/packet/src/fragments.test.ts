import { DecodeError } from '@openvnet/wire';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeIpv4, encodeIpv4, fragmentIpv4, type Ipv4, type Ipv4Input } from './index.ts';

const between = { src: 0x0a00_0001, dst: 0x0a00_0101, protocol: 17, identification: 77 };

function packet(size: number, changes: Partial<Ipv4Input> = {}): Ipv4 {
  return decodeIpv4(encodeIpv4({ ...between, payload: pattern(size), ...changes }));
}

function pattern(size: number): Uint8Array {
  return Uint8Array.from({ length: size }, (_, i) => (i * 7 + (i >> 8)) & 0xff);
}

/** Fragments as they are read, each with its size. */
const parts = (whole: Ipv4, mtu: number) =>
  fragmentIpv4(whole, mtu).map((bytes) => ({ size: bytes.length, ...decodeIpv4(bytes) }));

describe('fragmentIpv4', () => {
  it('cuts at whole units of 8 bytes, and says of all but the last that more follow', () => {
    const cut = parts(packet(1480), 1400);
    expect(cut.map(({ size, fragment_offset, more_fragments }) => [size, fragment_offset, more_fragments])).toEqual([
      [1396, 0, true],
      [124, 172, false],
    ]);
    expect(cut.map(({ identification, ttl, protocol }) => [identification, ttl, protocol])).toEqual([
      [77, 64, 17],
      [77, 64, 17],
    ]);
  });

  it('leaves alone what fits', () => {
    const whole = packet(1380, { dont_fragment: true });
    expect(fragmentIpv4(whole, 1400).map((bytes) => bytes.equals(encodeIpv4(whole)))).toEqual([true]);
  });

  it('cuts a fragment again, which keeps its place', () => {
    const cut = parts(packet(1480, { fragment_offset: 185, more_fragments: true }), 1400);
    expect(cut.map(({ fragment_offset, more_fragments }) => [fragment_offset, more_fragments])).toEqual([
      [185, true],
      [357, true],
    ]);
  });

  it('puts options into later fragments only where they say so', () => {
    // No operation, record route (7, not copied), no operation, router alert (148, copied), end.
    const options = Buffer.from('01070700000000 0194040000 00000000'.replaceAll(' ', ''), 'hex');
    const cut = parts(packet(1480, { options }), 1400);
    expect(cut.map((part) => Buffer.from(part.options).toString('hex'))).toEqual([options.toString('hex'), '94040000']);
  });

  it('gives, put together, what there was', () => {
    const size = fc.integer({ min: 0, max: 20_000 });
    fc.assert(
      fc.property(size, fc.integer({ min: 68, max: 9216 }), fc.constantFrom(0, 4, 40), (of, mtu, optionsSize) => {
        const whole = packet(of, { options: Buffer.alloc(optionsSize, 1) });
        const cut = parts(whole, mtu);
        const together = Buffer.alloc(of);
        for (const { payload, fragment_offset } of cut) together.set(payload, fragment_offset * 8);
        expect(together.equals(whole.payload)).toBe(true);
        expect(cut.reduce((sum, { payload }) => sum + payload.length, 0)).toBe(of);
        expect(cut.every((part) => part.size <= mtu)).toBe(true);
        expect(cut.map(({ more_fragments }) => more_fragments)).toEqual(cut.map((_, i) => i < cut.length - 1));
      }),
    );
  });

  it('refuses what ends beyond the largest packet, and options without an end', () => {
    expect(() => fragmentIpv4(packet(1480, { fragment_offset: 8100 }), 576)).toThrow(DecodeError);
    for (const options of ['94010000', '9409000000000000', '01010194'])
      expect(() => fragmentIpv4(packet(1480, { options: Buffer.from(options, 'hex') }), 576)).toThrow(DecodeError);
  });
});
