import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { patience } from './patience.ts';

/** A process for certain: numbers are used again, a number with the time of its start is not. */
export interface ProcessId {
  readonly pid: number;
  /** In clock ticks since the machine started. */
  readonly startedAt: number;
}

/** The process that has this number now; `undefined` if there is none, or only its remains. */
export function processId(pid: number): ProcessId | undefined {
  const [state, ...fields] = stat(pid);
  // Of a process whose first thread has ended the others still hold its files, and the locks on them.
  const isOver = state === undefined || state === 'X' || (state === 'Z' && threads(pid).length <= 1);
  return isOver ? undefined : { pid, startedAt: Number(fields[18]) };
}

export function isRunning({ pid, startedAt }: ProcessId): boolean {
  return processId(pid)?.startedAt === startedAt;
}

/** Its words, separated by spaces; empty where there is no such process. */
export function commandLine(pid: number): string {
  // The last thread to go still has them when the first one has ended.
  const text = read(`/proc/${pid}/cmdline`) || read(`/proc/${pid}/task/${threads(pid).at(-1)}/cmdline`);
  return text?.replaceAll('\0', ' ').trim() ?? '';
}

/** Whether it has these words in its environment, as it was when the program began: `NAME=value`. */
export function hasInEnvironment(pid: number, words: string): boolean {
  return `\0${read(`/proc/${pid}/environ`)}`.includes(`\0${words}\0`);
}

/** Whether it began a session of its own, as a program does that goes on in the background. */
export function leadsSession(pid: number): boolean {
  return Number(stat(pid)[3]) === pid;
}

/** The processes that are what is asked for; none of another container. */
export function processesWhere(isIt: (pid: number) => boolean): ProcessId[] {
  const found = readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid > 0 && pidNamespace(pid) === pidNamespace('self') && isIt(pid));
  return found.flatMap((pid) => processId(pid) ?? []);
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
  for (const deadline = performance.now() + withinMs * patience; isRunning(process_); await sleep(5)) {
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

/** What the kernel says of it, from its state on; empty where there is no such process. */
function stat(pid: number): string[] {
  const text = read(`/proc/${pid}/stat`);
  // The name, in brackets, may hold anything; what follows it may not.
  return text?.slice(text.lastIndexOf(')') + 2).split(' ') ?? [];
}

function pidNamespace(pid: number | 'self'): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/pid`);
  } catch {
    return undefined;
  }
}

/** The numbers of its threads; none where there is no such process. */
function threads(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch {
    return [];
  }
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
