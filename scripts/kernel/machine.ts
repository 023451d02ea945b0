/** An emulated machine: QEMU, which needs no help of the processor. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';

export interface MachineOptions {
  /** Where setup has put the kernel. */
  readonly cache: string;
  /** The repository. */
  readonly work: string;
  /** The file that gets what is written to the second serial port. */
  readonly results: string;
  readonly parts: readonly string[];
}

/**
 * The words that start it. One instruction takes a nanosecond of its own time, however long it takes to emulate, so
 * nothing in it times out for want of speed. It has one processor, as two would wait for each other.
 */
export function machineWords({ cache, work, results, parts }: MachineOptions): string[] {
  const blank = [work, cache].find((path) => path.includes(' '));
  if (blank) throw new Error(`${blank}: a path with a space in it cannot be handed to the kernel`);
  const words = {
    console: 'ttyS0',
    quiet: true,
    loglevel: '0',
    panic: '-1',
    work,
    cache,
    only: parts.join(','),
  };
  const append = Object.entries(words).map(([key, value]) => (value === true ? key : `${key}=${value}`));
  return [
    // It goes with the program that started it, also where that is killed.
    ...['setpriv', '--pdeathsig', 'KILL', 'qemu-system-x86_64'],
    ...['-cpu', 'max', '-icount', 'shift=0,sleep=on', '-smp', '1', '-m', '4096'],
    ...['-nodefaults', '-display', 'none', '-no-reboot', '-nic', 'none'],
    ...['-serial', 'stdio', '-serial', `file:${results}`],
    ...['-kernel', `${cache}/vmlinuz`, '-initrd', `${cache}/initrd.gz`, '-append', append.join(' ')],
    ...['-fsdev', 'local,id=host,path=/,security_model=none,readonly=on,multidevs=remap'],
    ...['-device', 'virtio-9p-pci,fsdev=host,mount_tag=host'],
  ];
}

export type End = 'ended' | 'failed' | 'late' | 'stopped';

/** Runs a program until it ends, the time is over, or `stop` is asked for; it is gone when this returns. */
export async function runUntil(
  words: readonly string[],
  {
    minutes,
    stop,
    write,
  }: { readonly minutes: number; readonly stop: AbortSignal; readonly write: (text: Buffer) => void },
): Promise<End> {
  const [command, ...args] = words;
  const child = spawn(command!, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  child.stdout.on('data', write);
  const late = AbortSignal.timeout(minutes * 60_000);
  const end = (): void => void child.kill('SIGKILL');
  for (const signal of [late, stop]) signal.addEventListener('abort', end, { once: true });
  if (stop.aborted) end();
  try {
    const [code] = await once(child, 'close');
    if (stop.aborted) return 'stopped';
    if (late.aborted) return 'late';
    return code === 0 ? 'ended' : 'failed';
  } finally {
    for (const signal of [late, stop]) signal.removeEventListener('abort', end);
  }
}
