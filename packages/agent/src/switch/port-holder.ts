import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

const listening = '0A';

/** Who listens at a TCP port of this network namespace. */
export interface PortHolder {
  readonly pid: number;
  /** The name of its program, as the kernel has it. */
  readonly name: string;
}

/** The process that listens at `port`; undefined where /proc does not tell, as of another user's. */
export function holderOf(port: number): PortHolder | undefined {
  const sockets = new Set(['tcp', 'tcp6'].flatMap((table) => socketsAt(port, table)));
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
function socketsAt(port: number, table: string): string[] {
  const lines = read(() => readFileSync(`/proc/net/${table}`, 'utf8'), '')
    .split('\n')
    .slice(1);
  return lines.flatMap((line) => {
    const [, local = '', , state, , , , , , inode] = line.trim().split(/\s+/);
    return state === listening && Number.parseInt(local.split(':')[1] ?? '', 16) === port ? [`socket:[${inode}]`] : [];
  });
}

/** A process may end while it is looked at. */
function read<T>(look: () => T, otherwise: T): T {
  try {
    return look();
  } catch {
    return otherwise;
  }
}
