import { DecodeError, Reader, Writer } from '@openvnet/wire';
import { checksum } from './checksum.ts';
import { ipProtocol } from './ipv4.ts';

/** A UDP datagram. RFC 768. */
export interface Udp {
  src_port: number;
  dst_port: number;
  payload: Uint8Array;
}

/** The addresses of the IPv4 packet that carries the datagram; the checksum covers them. */
export interface UdpAddresses {
  src: number;
  dst: number;
}

const headerSize = 8;

/**
 * Reads a datagram; `payload` is a view of `bytes`, and what follows the datagram's length is left out. A checksum of
 * zero means that the sender made none. Throws `DecodeError`, also if the checksum is wrong.
 */
export function decodeUdp(bytes: Uint8Array, addresses: UdpAddresses): Udp {
  const from = new Reader(bytes);
  const src_port = from.u16();
  const dst_port = from.u16();
  const size = from.u16();
  const sent = from.u16();
  if (size < headerSize) throw new DecodeError(`UDP length ${size} is below ${headerSize}`, 4);
  const payload = from.bytes(size - headerSize);
  if (sent !== 0 && checksum(bytes.subarray(0, size), pseudoHeaderSum(addresses, size)) !== 0) {
    throw new DecodeError('UDP checksum is wrong', 6);
  }
  return { src_port, dst_port, payload };
}

/** Writes a datagram with its checksum. Throws `RangeError` if the payload is too long. */
export function encodeUdp({ src_port, dst_port, payload }: Udp, addresses: UdpAddresses): Buffer {
  const size = headerSize + payload.length;
  const to = new Writer(size).u16(src_port).u16(dst_port).u16(size).u16(0).bytes(payload);
  const written = to.finish();
  // Zero means "no checksum"; all ones is the same number in one's complement.
  to.patchU16(6, checksum(written, pseudoHeaderSum(addresses, size)) || 0xffff);
  return written;
}

function pseudoHeaderSum({ src, dst }: UdpAddresses, size: number): number {
  return (src >>> 16) + (src & 0xffff) + (dst >>> 16) + (dst & 0xffff) + ipProtocol.udp + size;
}
