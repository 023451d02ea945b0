import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { isIPv4 } from 'node:net';
import { endianness } from 'node:os';

const listening = '0A';

/** Who listens at a TCP port of this network namespace. */
export interface PortHolder {
  readonly pid: number;
  /** The name of its program, as the kernel has it. */
  readonly name: string;
}

/**
 * The process that listens at `port` where `host`, an address, could not be listened at besides; undefined if /proc does
 * not tell, as of another user's.
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

/** Whether who listens at `address`, as /proc has it, is in the way at `host`. Of IPv6 addresses only "any" is told apart. */
function overlaps(host: string, address: string): boolean {
  const isAny = (text: string): boolean => /^[0.:]*$/.test(text);
  if (isAny(host) || isAny(address)) return true;
  if (!isIPv4(host)) return address.length > 8;
  const bytes = (address.slice(-8).match(/../g) ?? []).map((byte) => Number.parseInt(byte, 16));
  // /proc has the address as the processor keeps it.
  return (endianness() === 'LE' ? bytes.reverse() : bytes).join('.') === host;
}

/** A process may end while it is looked at. */
function read<T>(look: () => T, otherwise: T): T {
  try {
    return look();
  } catch {
    return otherwise;
  }
}
