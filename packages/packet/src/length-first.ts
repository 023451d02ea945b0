/** Messages in a byte stream, each preceded by its size in two bytes, as in DNS over TCP. RFC 1035, 4.2.2. */

const prefixSize = 2;

/** A message preceded by its size. Throws `RangeError` if it is too long. */
export function lengthFirst(message: Uint8Array): Buffer {
  const written = Buffer.allocUnsafe(prefixSize + message.length);
  written.writeUInt16BE(message.length, 0);
  written.set(message, prefixSize);
  return written;
}

/** The size of the first message of a stream, prefix included; undefined if the prefix has not arrived yet. */
export function firstSize(bytes: Buffer): number | undefined {
  return bytes.length < prefixSize ? undefined : prefixSize + bytes.readUInt16BE(0);
}

/** The message without its prefix, as a view. */
export function withoutLength(bytes: Buffer): Buffer {
  return bytes.subarray(prefixSize);
}
