/**
 * The Internet checksum of `bytes`, as it is written into a header: the complement of the one's complement sum of
 * their 16-bit words, the last byte filled up with a zero. Over bytes that hold their own right checksum it is 0.
 * `initial` is a sum of words to start from, such as that of a pseudo header. RFC 1071.
 */
export function checksum(bytes: Uint8Array, initial = 0): number {
  let sum = initial;
  const even = bytes.length & ~1;
  for (let at = 0; at < even; at += 2) sum += bytes[at]! * 256 + bytes[at + 1]!;
  if (even < bytes.length) sum += bytes[even]! * 256;
  while (sum > 0xffff) sum = (sum % 0x1_0000) + Math.floor(sum / 0x1_0000);
  return 0xffff - sum;
}
