import { DecodeError, Reader } from '@openvnet/wire';
import { encodeIpv4, type Ipv4, ipv4Size } from './ipv4.ts';

const endOfOptions = 0;
const noOperation = 1;
/** The copied flag in the type of an option: the option is repeated in every fragment. */
const copied = 0x80;
const largestOffset = 0x1fff;

/**
 * The packet in fragments of at most `mtu` bytes (68 or more); unchanged if it fits or is a fragment itself. The caller
 * checks whether it may be fragmented. Throws `DecodeError` if its options cannot be read, or where it would end
 * beyond the largest packet. RFC 791, 2.3 and 3.2.
 */
export function fragmentIpv4(packet: Ipv4, mtu: number): Buffer[] {
  const parts: Buffer[] = [];
  const later = ipv4Size(packet) > mtu ? copiedOptions(packet.options) : packet.options;
  let at = 0;
  do {
    const options = at === 0 ? packet.options : later;
    const room = mtu - ipv4Size({ options, payload: noBytes });
    const left = packet.payload.length - at;
    const size = left <= room ? left : room - (room % 8);
    const fragment_offset = packet.fragment_offset + at / 8;
    if (fragment_offset > largestOffset) throw new DecodeError('the packet ends beyond 65535 bytes', 6);
    const payload = packet.payload.subarray(at, at + size);
    at += size;
    const more_fragments = packet.more_fragments || at < packet.payload.length;
    parts.push(encodeIpv4({ ...packet, options, fragment_offset, more_fragments, payload }));
  } while (at < packet.payload.length);
  return parts;
}

const noBytes = new Uint8Array();

/** The options that every fragment carries, padded to whole words. */
function copiedOptions(options: Uint8Array): Uint8Array {
  const kept: number[] = [];
  const from = new Reader(options);
  while (from.remaining > 0) {
    const type = from.u8();
    if (type === endOfOptions) break;
    if (type === noOperation) continue;
    const length = from.u8();
    if (length < 2) from.fail(`an option of ${length} bytes`);
    const value = from.bytes(length - 2);
    if (type & copied) kept.push(type, length, ...value);
  }
  while (kept.length % 4 !== 0) kept.push(endOfOptions);
  return Uint8Array.from(kept);
}
