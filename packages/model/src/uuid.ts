const letters = 'abcdefghijklmnopqrstuvwxyz0123456789';

const suffixLength = 8;
// Drawn for many at once, as each call costs more than what it draws.
const drawn = new Uint32Array(128 * suffixLength);
let used = drawn.length;

/** A fresh uuid: the prefix, a dash, and 8 random characters. */
export function freshUuid(prefix: string): string {
  if (used === drawn.length) {
    crypto.getRandomValues(drawn);
    used = 0;
  }
  let text = `${prefix}-`;
  for (const end = used + suffixLength; used < end; used++) text += letters[drawn[used]! % letters.length];
  return text;
}

/** Whether `text` may name a new object, or stand in a parameter: prefix, dash, and a word as host names have them (RFC 1123, 2.1). */
export function isUuid(prefix: string, text: string): boolean {
  return text.startsWith(`${prefix}-`) && /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/.test(text.slice(prefix.length + 1));
}

/** Whether `text` may stand in a path: prefix, dash and one character of a word. What it names may not exist. */
export function isPathUuid(prefix: string, text: string): boolean {
  return text.startsWith(`${prefix}-`) && /^\w/.test(text.slice(prefix.length + 1));
}
