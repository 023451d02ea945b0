import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { isIPv4 } from 'node:net';
import { endianness } from 'node:os';

const listening = '0A';

/** The process that listens on a TCP port of this network namespace. */
export interface PortHolder {
  readonly pid: number;
  /** The name of its program, as reported by the kernel. */
  readonly name: string;
}

/**
 * The process whose socket on `port` prevents listening at the address `host`; undefined if /proc does not show it, for
 * example because it belongs to another user.
 */
export function holderOf(host: string, port: number): PortHolder | undefined {
  const sockets = new Set(['tcp', 'tcp6'].flatMap((table) => socketsAt(host, port, table)));
  if (sockets.size === 0) return undefined;
  for (const pid of read(() => readdirSync('/proc'), []).filter((entry) => /^\d+$/.test(entry))) {
    const holds = read(() => readdirSync(`/proc/${pid}/fd`), []).some((fd) =>
      sockets.has(read(() => readlinkSync(`/proc/${pid}/fd/${fd}`), '')),
    );
    if (holds) return { pid: Number(pid), name: read(() => readFileSync(`/proc/${pid}/comm`, 'utf8'), '').trim() };
  }
  return undefined;
}

/** The sockets that listen at `port`, as the links in /proc name them. proc(5), /proc/net/tcp. */
function socketsAt(host: string, port: number, table: string): string[] {
  const lines = read(() => readFileSync(`/proc/net/${table}`, 'utf8'), '')
    .split('\n')
    .slice(1);
  return lines.flatMap((line) => {
    const [, local = '', , state, , , , , , inode] = line.trim().split(/\s+/);
    const [address = '', at = ''] = local.split(':');
    const isAtPort = state === listening && Number.parseInt(at, 16) === port;
    return isAtPort && overlaps(host, address) ? [`socket:[${inode}]`] : [];
  });
}

/** Whether a socket at `address` (in the form of /proc) conflicts with `host`. Of IPv6 addresses only "any" is recognised. */
function overlaps(host: string, address: string): boolean {
  const isAny = (text: string): boolean => /^[0.:]*$/.test(text);
  if (isAny(host) || isAny(address)) return true;
  if (!isIPv4(host)) return address.length > 8;
  const bytes = (address.slice(-8).match(/../g) ?? []).map((byte) => Number.parseInt(byte, 16));
  // /proc shows the address in the byte order of the processor.
  return (endianness() === 'LE' ? bytes.reverse() : bytes).join('.') === host;
}

/** A process may end while it is examined. */
function read<T>(look: () => T, otherwise: T): T {
  try {
    return look();
  } catch {
    return otherwise;
  }
}
