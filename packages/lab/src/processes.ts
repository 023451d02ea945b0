import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** A process for certain: numbers are used again, a number with the time of its start is not. */
export interface ProcessId {
  readonly pid: number;
  /** In clock ticks since the machine started. */
  readonly startedAt: number;
}

/** The process that has this number now; `undefined` where there is none, or only its remains. */
export function processId(pid: number): ProcessId | undefined {
  const stat = read(`/proc/${pid}/stat`);
  // The name, in brackets, may hold anything; what follows it may not.
  const [state, ...fields] = stat?.slice(stat.lastIndexOf(')') + 2).split(' ') ?? [];
  if (state === undefined || state === 'Z' || state === 'X') return undefined;
  return { pid, startedAt: Number(fields[18]) };
}

export function isRunning({ pid, startedAt }: ProcessId): boolean {
  return processId(pid)?.startedAt === startedAt;
}

/** Its words, separated by spaces; empty where there is no such process. */
export function commandLine(pid: number): string {
  return read(`/proc/${pid}/cmdline`)?.replaceAll('\0', ' ').trim() ?? '';
}

/** The process that a pid file names. */
export function fromPidFile(path: string): ProcessId | undefined {
  const pid = Number.parseInt(read(path) ?? '', 10);
  return pid > 0 ? processId(pid) : undefined;
}

/** Ends a process: politely, and after `graceMs` not. Returns when it is gone. */
export async function end(process_: ProcessId, graceMs = 5000): Promise<void> {
  signal(process_, 'SIGTERM');
  if (await isGone(process_, graceMs)) return;
  signal(process_, 'SIGKILL');
  await isGone(process_, 5000);
}

/** Whether it goes within so long. */
export async function isGone(process_: ProcessId, withinMs: number): Promise<boolean> {
  for (const deadline = performance.now() + withinMs; isRunning(process_); await sleep(5)) {
    if (performance.now() > deadline) return false;
  }
  return true;
}

export function signal(process_: ProcessId, name: NodeJS.Signals): void {
  if (!isRunning(process_)) return;
  try {
    process.kill(process_.pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
