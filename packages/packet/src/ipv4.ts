import { DecodeError, Reader, Writer } from '@openvnet/wire';
import { checksum } from './checksum.ts';

/** Protocol numbers of IPv4 payloads. */
export const ipProtocol = { icmp: 1, tcp: 6, udp: 17 } as const;

/** The header of an IPv4 packet. `fragment_offset` counts units of 8 bytes, as the header does. RFC 791, 3.1. */
export interface Ipv4Header {
  dscp: number;
  ecn: number;
  identification: number;
  dont_fragment: boolean;
  more_fragments: boolean;
  fragment_offset: number;
  ttl: number;
  protocol: number;
  src: number;
  dst: number;
  options: Uint8Array;
}

export interface Ipv4 extends Ipv4Header {
  payload: Uint8Array;
}

/** The fields that a new packet needs; the others have defaults. */
export type Ipv4Input = Pick<Ipv4, 'protocol' | 'src' | 'dst' | 'payload'> & Partial<Ipv4Header>;

const usual = {
  dscp: 0,
  ecn: 0,
  identification: 0,
  dont_fragment: false,
  more_fragments: false,
  fragment_offset: 0,
  ttl: 64,
  options: new Uint8Array(),
} satisfies Partial<Ipv4Header>;

const minHeaderSize = 20;
const maxOptionsSize = 40;
const checksumAt = 10;
const dontFragment = 0x4000;
const moreFragments = 0x2000;

/**
 * Reads an IPv4 packet; `options` and `payload` are views of `bytes`. Bytes after the total length are padding of
 * the frame and are ignored. Throws `DecodeError`, also if the header checksum is wrong.
 */
export function decodeIpv4(bytes: Uint8Array): Ipv4 {
  const { header, headerSize, totalSize } = decodeIpv4Header(bytes);
  return { ...header, payload: new Reader(bytes, headerSize).bytes(totalSize - headerSize) };
}

/** Size of the packet with its header, in bytes. */
export function ipv4Size({ options, payload }: Pick<Ipv4, 'options' | 'payload'>): number {
  return minHeaderSize + options.length + payload.length;
}

/** Reads only the header, of a packet that may be truncated. Throws `DecodeError`. */
export function decodeIpv4Header(bytes: Uint8Array): { header: Ipv4Header; headerSize: number; totalSize: number } {
  const first = new Reader(bytes).u8();
  if (first >> 4 !== 4) throw new DecodeError(`IP version is ${first >> 4}, not 4`, 0);
  const headerSize = (first & 0xf) * 4;
  if (headerSize < minHeaderSize) throw new DecodeError(`header length ${headerSize} is below ${minHeaderSize}`, 0);
  const from = new Reader(bytes).sub(headerSize);
  if (checksum(bytes.subarray(0, headerSize)) !== 0) throw new DecodeError('IPv4 header checksum is wrong', checksumAt);
  from.take(1);
  const service = from.u8();
  const totalSize = from.u16();
  if (totalSize < headerSize) throw new DecodeError(`total length ${totalSize} is below that of the header`, 2);
  const identification = from.u16();
  const fragment = from.u16();
  const ttl = from.u8();
  const protocol = from.u8();
  from.take(2);
  const header = {
    dscp: service >> 2,
    ecn: service & 3,
    identification,
    dont_fragment: (fragment & dontFragment) !== 0,
    more_fragments: (fragment & moreFragments) !== 0,
    fragment_offset: fragment & 0x1fff,
    ttl,
    protocol,
    src: from.u32(),
    dst: from.u32(),
    options: from.rest(),
  };
  return { header, headerSize, totalSize };
}

/** Writes an IPv4 packet with its checksum. Throws `RangeError` if a value does not fit the header. */
export function encodeIpv4(packet: Ipv4Input): Buffer {
  const { dscp, ecn, options, payload, fragment_offset, ...header } = { ...usual, ...packet };
  if (options.length > maxOptionsSize || options.length % 4 !== 0) {
    throw new RangeError(`options take 0, 4, ... or ${maxOptionsSize} bytes, not ${options.length}`);
  }
  checkBits('dscp', dscp, 6);
  checkBits('ecn', ecn, 2);
  checkBits('fragment_offset', fragment_offset, 13);
  const headerSize = minHeaderSize + options.length;
  const flags = (header.dont_fragment ? dontFragment : 0) | (header.more_fragments ? moreFragments : 0);
  const to = new Writer(headerSize + payload.length)
    .u8(0x40 | (headerSize / 4))
    .u8((dscp << 2) | ecn)
    .u16(headerSize + payload.length)
    .u16(header.identification)
    .u16(flags | fragment_offset)
    .u8(header.ttl)
    .u8(header.protocol)
    .u16(0)
    .u32(header.src)
    .u32(header.dst)
    .bytes(options);
  const written = to.bytes(payload).finish();
  to.patchU16(checksumAt, checksum(written.subarray(0, headerSize)));
  return written;
}

function checkBits(name: string, value: number, bits: number): void {
  if (value < 0 || value >= 2 ** bits) throw new RangeError(`${name} ${value} does not fit ${bits} bits`);
}
