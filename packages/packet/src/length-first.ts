/** Messages in a stream of bytes, each behind its size in two bytes, as DNS has them over TCP. RFC 1035, 4.2.2. */

const prefixSize = 2;

/** A message behind its size. Throws `RangeError` where it is too long. */
export function lengthFirst(message: Uint8Array): Buffer {
  const written = Buffer.allocUnsafe(prefixSize + message.length);
  written.writeUInt16BE(message.length, 0);
  written.set(message, prefixSize);
  return written;
}

/** How much of a stream its first message takes, prefix included; undefined where that is not there yet. */
export function firstSize(bytes: Buffer): number | undefined {
  return bytes.length < prefixSize ? undefined : prefixSize + bytes.readUInt16BE(0);
}

/** The message behind its size: a view. */
export function withoutLength(bytes: Buffer): Buffer {
  return bytes.subarray(prefixSize);
}
