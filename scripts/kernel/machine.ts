/** The machines with Open vSwitch's module in their kernels: how one is started, and how it is ended. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';

export interface MachineOptions {
  /** Where setup has put the kernel. */
  readonly cache: string;
  /** The repository. */
  readonly work: string;
  /** A directory that the machine may write to. */
  readonly results: string;
}

/** Each sees all files of this machine and may write to one directory; the words start it. */
export const machines = {
  /** User-mode Linux, a program that runs at a third of the speed. Its connection tracking has no zones. */
  'user-mode': ({ cache, work, results }: MachineOptions) => [
    ...[`${cache}/linux`, 'mem=3072M', 'rootfstype=hostfs', 'rootflags=/', 'ro'],
    ...[`init=${work}/scripts/kernel/init-user-mode`, 'con=null', 'con0=null,fd:1'],
    ...kernelWords({ cache, work, results }),
  ],
  /**
   * Debian's own kernel on an emulated processor, many times slower. An instruction takes a nanosecond of its own time,
   * so nothing in it times out for want of speed. It has one processor, as two would wait for each other.
   */
  emulated: ({ cache, work, results }: MachineOptions) => [
    ...['qemu-system-x86_64', '-cpu', 'max', '-icount', 'shift=0,sleep=on', '-smp', '1', '-m', '4096'],
    ...['-nodefaults', '-display', 'none', '-no-reboot', '-nic', 'none', '-serial', 'stdio'],
    ...['-kernel', `${cache}/vmlinuz`, '-initrd', `${cache}/initrd.gz`],
    ...['-append', ['console=ttyS0', ...kernelWords({ cache, work, results })].join(' ')],
    ...['-fsdev', 'local,id=host,path=/,security_model=none,readonly=on,multidevs=remap'],
    ...['-device', 'virtio-9p-pci,fsdev=host,mount_tag=host'],
    ...['-fsdev', `local,id=results,path=${results},security_model=none`],
    ...['-device', 'virtio-9p-pci,fsdev=results,mount_tag=results'],
  ],
} as const;

export type MachineName = keyof typeof machines;

/** What the first program finds as variables, and what makes the kernel quiet. */
function kernelWords(paths: MachineOptions): string[] {
  const blank = Object.values(paths).find((path) => /[\s,]/.test(path));
  if (blank) throw new Error(`${blank}: a path with a space or a comma in it cannot be handed to the kernel`);
  const variables = Object.entries(paths).map(([name, value]) => `${name}=${value}`);
  return ['quiet', 'loglevel=1', 'panic=-1', ...variables];
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
  // It goes with the program that started it, also where that is killed.
  const [command, ...args] = ['setpriv', '--pdeathsig', 'TERM', ...words];
  // A group of its own: a terminal's signals are passed on by who started it, and nothing of it is left.
  const child = spawn(command!, args, { stdio: ['ignore', 'pipe', 'inherit'], detached: true });
  child.stdout.on('data', write);
  const late = AbortSignal.timeout(minutes * 60_000);
  const end = (): void => void endGroup(child);
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

/** Asks a program and what it has started to end, and ends them when they do not. */
async function endGroup(child: ChildProcess): Promise<void> {
  const signal = (name: NodeJS.Signals): void => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, name);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  };
  signal('SIGTERM');
  await Promise.race([once(child, 'close'), sleep(5000, undefined, { ref: false })]);
  signal('SIGKILL');
}
