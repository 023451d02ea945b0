import { connect, type Socket } from 'node:net';

/** The address of a database server, as text and as options of `connect`. */
export interface Target {
  readonly text: string;
  readonly connect: () => Socket;
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'no such file (is Open vSwitch running?)',
  ECONNREFUSED: 'connection refused (is Open vSwitch running?)',
  EACCES: 'permission denied (does this user have access to the socket?)',
};

/** Reads `unix:PATH` or `tcp:HOST:PORT`, an IPv6 address in brackets. Throws `TypeError` if it is neither. */
export function parseTarget(text: string): Target {
  const [, path] = /^unix:(.+)$/.exec(text) ?? [];
  if (path !== undefined) return { text, connect: () => connect({ path }) };
  const [, inBrackets, name, digits] = /^tcp:(?:\[([^\]]+)\]|([^:[\]]+)):(\d+)$/.exec(text) ?? [];
  const host = inBrackets ?? name;
  const port = Number(digits);
  if (host === undefined || port < 1 || port > 65535)
    throw new TypeError(`${text} is neither unix:PATH nor tcp:HOST:PORT`);
  return { text, connect: () => connect({ host, port, noDelay: true }) };
}

/** The reason why a connection failed, in words. */
export function reasonOf({ text }: Target, error: NodeJS.ErrnoException): string {
  return `${text}: ${reasons[error.code ?? ''] ?? error.message}`;
}
