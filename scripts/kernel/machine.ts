/** A machine that is a program: user-mode Linux, a kernel that asks the one outside for what it needs. */
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

/** The words that start it. All files of this machine are there to be read. */
export function machineWords({ cache, work, results }: MachineOptions): string[] {
  const blank = [work, cache, results].find((path) => /\s/.test(path));
  if (blank) throw new Error(`${blank}: a path with a space in it cannot be handed to the kernel`);
  return [
    // It goes with the program that started it, also where that is killed.
    ...['setpriv', '--pdeathsig', 'TERM', `${cache}/linux`],
    ...['mem=3072M', 'rootfstype=hostfs', 'rootflags=/', 'ro', `init=${work}/scripts/kernel/init`],
    ...['con=null', 'con0=null,fd:1', 'quiet', 'loglevel=1', 'panic=-1'],
    ...[`work=${work}`, `cache=${cache}`, `results=${results}`],
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
