import { describe, expect, it } from 'vitest';
import { decodeIcmp, decodeIpv4, encodeIcmp, encodeIpv4, encodeUdp, type Ipv4Input, icmpError } from './index.ts';

const router = 0x0a00_00fe;
const between = { src: 0x0a00_0001, dst: 0xc0a8_0001 };
const unreachable = { type: 3, code: 1, src: router };

function datagram(changes: Partial<Ipv4Input> = {}, size = 4): Buffer {
  const payload = encodeUdp({ src_port: 1, dst_port: 2, payload: Buffer.alloc(size, 0x61) }, between);
  return encodeIpv4({ ...between, protocol: 17, payload, ...changes });
}

describe('icmpError', () => {
  it('tells the sender and quotes the packet', () => {
    const offending = datagram();
    const error = decodeIpv4(icmpError(offending, unreachable)!);
    expect(error).toMatchObject({ src: router, dst: between.src, protocol: 1, ttl: 64, dscp: 48 });
    const { payload, ...icmp } = decodeIcmp(error.payload);
    expect(icmp).toEqual({ type: 3, code: 1, rest: 0 });
    expect(Buffer.compare(payload, offending)).toBe(0);
  });

  it('takes as much of a long packet as 576 bytes hold', () => {
    const offending = datagram({ options: Buffer.alloc(40, 1) }, 1400);
    const error = icmpError(offending, { ...unreachable, ttl: 255 })!;
    expect(error.length).toBe(576);
    expect(decodeIpv4(error).ttl).toBe(255);
    expect(Buffer.compare(decodeIcmp(decodeIpv4(error).payload).payload, offending.subarray(0, 548))).toBe(0);
  });

  it('leaves the padding of the frame out, and takes a packet whose end is missing', () => {
    const whole = datagram();
    const padded = icmpError(Buffer.concat([whole, Buffer.alloc(14)]), unreachable)!;
    expect(padded.length).toBe(28 + whole.length);
    expect(icmpError(whole.subarray(0, 28), unreachable)!.length).toBe(28 + 28);
  });

  it('carries the size that the next hop takes, and the service bits of the packet', () => {
    const error = decodeIpv4(icmpError(datagram({ dscp: 0b001_101 }), { type: 3, code: 4, src: router, mtu: 1400 })!);
    expect(decodeIcmp(error.payload).rest).toBe(1400);
    expect(error.dscp).toBe(0b110_101);
  });

  it('answers an echo request that cannot be delivered', () => {
    const request = encodeIcmp({ type: 8, code: 0, rest: 1, payload: new Uint8Array() });
    expect(icmpError(datagram({ protocol: 1, payload: request }), unreachable)).toBeDefined();
  });

  it('answers the first fragment', () => {
    expect(icmpError(datagram({ more_fragments: true }), unreachable)).toBeDefined();
  });

  it.each([
    ['a fragment that is not the first', datagram({ fragment_offset: 1 })],
    ['a broadcast', datagram({ dst: 0xffff_ffff })],
    ['a multicast', datagram({ dst: 0xe000_0001 })],
    ['a packet from nobody', datagram({ src: 0 })],
    ['a packet from loopback', datagram({ src: 0x7f00_0001 })],
    ['a packet from a multicast address', datagram({ src: 0xe000_0001 })],
    ['a packet from class E', datagram({ src: 0xf000_0001 })],
    ['a packet from the broadcast address', datagram({ src: 0xffff_ffff })],
    ['an ICMP message without a type', datagram({ protocol: 1, payload: new Uint8Array() })],
    ['what is not IPv4', Buffer.alloc(40, 0x60)],
    ['nothing at all', Buffer.alloc(0)],
  ])('says nothing about %s', (_, offending) => {
    expect(icmpError(offending, unreachable)).toBeUndefined();
  });

  it.each([3, 4, 5, 11, 12])('says nothing about an ICMP error of type %i', (type) => {
    const payload = encodeIcmp({ type, code: 0, rest: 0, payload: datagram() });
    expect(icmpError(datagram({ protocol: 1, payload }), unreachable)).toBeUndefined();
  });
});
