/** Kinds of values that settings use. Each parses the given text, or throws `UnexpectedError`. */

export type Read<T> = (text: string) => T;

/** A value that cannot be used. The message says what is expected. */
export class UnexpectedError extends Error {
  override readonly name = 'UnexpectedError';
}

export interface Listen {
  readonly host: string;
  readonly port: number;
}

/** `HOST:PORT`. Without a host it means every address. An IPv6 address is in brackets. */
export function hostPort(text: string): Listen {
  const found = /^(?:\[([^\]]+)\]|([^:]*)):(\d{1,5})$/.exec(text);
  const port = Number(found?.[3]);
  if (found && port <= 65_535) return { host: found[1] ?? (found[2] || '0.0.0.0'), port };
  throw new UnexpectedError('expected an address and a port, such as 127.0.0.1:9090');
}

/** A text that `pattern` matches; `expected` says which. */
export function matching(pattern: RegExp, expected: string): Read<string> {
  return (text) => {
    if (pattern.test(text)) return text;
    throw new UnexpectedError(expected);
  };
}

/** The path of a file or directory. */
export const path = matching(/./, 'expected a path');

/** An address for HTTP or HTTPS; `expected` says which. */
export function webAddress(expected: string): Read<string> {
  return (text) => {
    if (URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)) return text;
    throw new UnexpectedError(expected);
  };
}

export function oneOf<const W extends string>(words: readonly W[]): Read<W> {
  return (text) => {
    const found = words.find((word) => word === text);
    if (found !== undefined) return found;
    throw new UnexpectedError(`expected one of ${words.join(', ')}`);
  };
}

const truths = new Map([
  ...['true', '1', 'yes', 'on', 'y', 'enabled'].map((word) => [word, true] as const),
  ...['false', '0', 'no', 'off', 'n', 'disabled'].map((word) => [word, false] as const),
]);

/** True or false, in the words that are usual. */
export function truth(text: string): boolean {
  const found = truths.get(text.toLowerCase());
  if (found !== undefined) return found;
  throw new UnexpectedError('expected true or false');
}

/** Texts separated by commas, each parsed by `one`; an empty list if nothing is given. */
export function listOf<T>(one: Read<T>): Read<T[]> {
  return (text) =>
    text
      .split(',')
      .map((part) => part.trim())
      .filter(Boolean)
      .map(one);
}

/** One or more of `hostPort`, separated by commas. */
export function hostPorts(text: string): Listen[] {
  const all = listOf(hostPort)(text);
  return all.length > 0 ? all : [hostPort(text)];
}
