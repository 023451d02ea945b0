import { randomInt } from 'node:crypto';

const letters = 'abcdefghijklmnopqrstuvwxyz0123456789';

/** A fresh uuid: the prefix, a dash, and 8 random characters. */
export function freshUuid(prefix: string): string {
  let suffix = '';
  for (let i = 0; i < 8; i++) suffix += letters[randomInt(letters.length)];
  return `${prefix}-${suffix}`;
}

/** Whether `text` may name a new object, or stand in a parameter: prefix, dash, 1 to 16 of a-z and 0-9. */
export function isUuid(prefix: string, text: string): boolean {
  return text.startsWith(`${prefix}-`) && /^[a-z0-9]{1,16}$/.test(text.slice(prefix.length + 1));
}

/** Whether `text` may stand in a path: prefix, dash and one character of a word. What it names may not exist. */
export function isPathUuid(prefix: string, text: string): boolean {
  return text.startsWith(`${prefix}-`) && /^\w/.test(text.slice(prefix.length + 1));
}
