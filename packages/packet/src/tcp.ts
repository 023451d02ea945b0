import { DecodeError, Reader, Writer } from '@openvnet/wire';
import { checksum } from './checksum.ts';
import { ipProtocol } from './ipv4.ts';

/** Bits of `flags`. */
export const tcpFlag = { fin: 0x01, syn: 0x02, rst: 0x04, psh: 0x08, ack: 0x10, urg: 0x20 } as const;

/** A TCP segment. `flags` are the eight from `tcpFlag`, CWR and ECE among them. RFC 9293, 3.1. */
export interface Tcp {
  src_port: number;
  dst_port: number;
  sequence: number;
  acknowledgment: number;
  flags: number;
  window: number;
  urgent: number;
  options: Uint8Array;
  payload: Uint8Array;
}

/** The fields that a new segment needs; the others default to zero or empty. */
export type TcpInput = Omit<Tcp, 'urgent' | 'options' | 'payload'> & Partial<Tcp>;

/** The addresses of the IPv4 packet that carries the segment; the checksum covers them. */
export interface TcpAddresses {
  src: number;
  dst: number;
}

const minHeaderSize = 20;
const maxOptionsSize = 40;
const checksumAt = 16;
const option = { end: 0, nothing: 1, maximumSegment: 2 } as const;
const nothing = new Uint8Array();

/**
 * Reads a segment, which is all of `bytes`; `options` and `payload` are views of it. Throws `DecodeError`, also if
 * the checksum is wrong.
 */
export function decodeTcp(bytes: Uint8Array, addresses: TcpAddresses): Tcp {
  const from = new Reader(bytes);
  const ports = { src_port: from.u16(), dst_port: from.u16() };
  const numbers = { sequence: from.u32(), acknowledgment: from.u32() };
  const headerSize = (from.u8() >> 4) * 4;
  if (headerSize < minHeaderSize) throw new DecodeError(`data offset ${headerSize} is below ${minHeaderSize}`, 12);
  const rest = { flags: from.u8(), window: from.u16() };
  from.take(2);
  const urgent = from.u16();
  const options = from.bytes(headerSize - minHeaderSize);
  const payload = from.rest();
  if (checksum(bytes, pseudoHeaderSum(addresses, bytes.length)) !== 0)
    throw new DecodeError('TCP checksum is wrong', checksumAt);
  return { ...ports, ...numbers, ...rest, urgent, options, payload };
}

/** Writes a segment with its checksum. Throws `RangeError` if a value does not fit the header. */
export function encodeTcp(segment: TcpInput, addresses: TcpAddresses): Buffer {
  const { options = nothing, payload = nothing, urgent = 0 } = segment;
  if (options.length > maxOptionsSize || options.length % 4 !== 0)
    throw new RangeError(`options take 0, 4, ... or ${maxOptionsSize} bytes, not ${options.length}`);
  const headerSize = minHeaderSize + options.length;
  const to = new Writer(headerSize + payload.length)
    .u16(segment.src_port)
    .u16(segment.dst_port)
    .u32(segment.sequence)
    .u32(segment.acknowledgment)
    .u8((headerSize / 4) << 4)
    .u8(segment.flags)
    .u16(segment.window)
    .u16(0)
    .u16(urgent)
    .bytes(options);
  const written = to.bytes(payload).finish();
  to.patchU16(checksumAt, checksum(written, pseudoHeaderSum(addresses, written.length)));
  return written;
}

/** The maximum segment size option: the largest payload that its sender accepts, in bytes. RFC 9293, 3.7.1. */
export function maximumSegmentOption(size: number): Buffer {
  return new Writer(4).u8(option.maximumSegment).u8(4).u16(size).finish();
}

/** The maximum segment size in `options`; undefined if it is missing or follows an option that cannot be read. */
export function maximumSegmentOf(options: Uint8Array): number | undefined {
  for (let at = 0; at < options.length && options[at] !== option.end; ) {
    if (options[at] === option.nothing) {
      at++;
      continue;
    }
    const size = options[at + 1] ?? 0;
    if (size < 2 || at + size > options.length) return undefined;
    if (options[at] === option.maximumSegment && size === 4) return options[at + 2]! * 256 + options[at + 3]!;
    at += size;
  }
  return undefined;
}

function pseudoHeaderSum({ src, dst }: TcpAddresses, size: number): number {
  return (src >>> 16) + (src & 0xffff) + (dst >>> 16) + (dst & 0xffff) + ipProtocol.tcp + size;
}
