import { DecodeError } from '@openvnet/wire';
import { encodeIcmp, icmpType } from './icmp.ts';
import { decodeIpv4Header, encodeIpv4, type Ipv4Header, ipProtocol } from './ipv4.ts';

export interface IcmpErrorOptions {
  type: number;
  code: number;
  /** Who reports the error. */
  src: number;
  /** MTU of the next hop in bytes, for `fragmentation needed` only. RFC 1191, 4. */
  mtu?: number;
  ttl?: number;
}

const errorTypes: readonly number[] = [
  icmpType.destinationUnreachable,
  icmpType.sourceQuench,
  icmpType.redirect,
  icmpType.timeExceeded,
  icmpType.parameterProblem,
];

/** An error is no larger than the packet that every host must accept. RFC 1812, 4.3.2.3. */
const maxQuoteSize = 576 - 20 - 8;

/** Precedence `internetwork control`, as a DSCP. RFC 1812, 4.3.2.5. */
const internetworkControl = 0o60;

/**
 * The IPv4 packet that tells the sender of `offending`, an IPv4 packet that may be truncated, why it was not
 * delivered. It quotes as much of it as fits into 576 bytes. `undefined` if no error may be sent, and where `offending`
 * cannot be read. The caller checks whether its frame was a broadcast. RFC 1812, 4.3.2; RFC 1122, 3.2.2.
 */
export function icmpError(offending: Uint8Array, { type, code, src, mtu, ttl }: IcmpErrorOptions): Buffer | undefined {
  const parts = readable(offending);
  if (parts === undefined) return undefined;
  const { header, headerSize, totalSize } = parts;
  const packet = offending.subarray(0, totalSize);
  if (!mayBeReported(header, packet.subarray(headerSize))) return undefined;
  return encodeIpv4({
    dscp: internetworkControl | (header.dscp & 7),
    ttl: ttl ?? 64,
    protocol: ipProtocol.icmp,
    src,
    dst: header.src,
    payload: encodeIcmp({ type, code, rest: Math.min(mtu ?? 0, 0xffff), payload: packet.subarray(0, maxQuoteSize) }),
  });
}

function readable(offending: Uint8Array): ReturnType<typeof decodeIpv4Header> | undefined {
  try {
    return decodeIpv4Header(offending);
  } catch (error) {
    if (error instanceof DecodeError) return undefined;
    throw error;
  }
}

function mayBeReported(header: Ipv4Header, payload: Uint8Array): boolean {
  if (header.fragment_offset !== 0 || !isOneHost(header.src) || isGroup(header.dst)) return false;
  // An ICMP message whose type is cut off could be an error.
  return header.protocol !== ipProtocol.icmp || (payload.length > 0 && !errorTypes.includes(payload[0]!));
}

/** Whether the address can belong to a single host: not in 0.0.0.0/8, loopback, multicast, class E or broadcast. */
function isOneHost(address: number): boolean {
  const network = address >>> 24;
  return network !== 0 && network !== 127 && !isGroup(address);
}

/** Multicast, class E and the limited broadcast: everything from 224.0.0.0 on. */
function isGroup(address: number): boolean {
  return address >= 0xe000_0000;
}
