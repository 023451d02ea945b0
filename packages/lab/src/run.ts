import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { patience } from './patience.ts';
import { type ProcessId, processId } from './processes.ts';

/** Something that the lab could not do; the message says what and, where it is known, what to do about it. */
export class LabError extends Error {
  override readonly name = 'LabError';
}

export interface Finished {
  readonly stdout: string;
  readonly stderr: string;
  /** Exit code; 128 and the number of the signal where one ended it. */
  readonly code: number;
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Written to its standard input, which is empty otherwise. */
  readonly input?: string;
  /** After so long it is killed; 30 s unless given. */
  readonly timeoutMs?: number;
  /** Whether an exit code other than 0 is an answer; it is thrown otherwise. */
  readonly mayFail?: boolean;
}

/** Runs a program to its end. Throws `LabError` if it cannot be started, takes too long, or fails and may not. */
export async function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<Finished> {
  const { env, input, mayFail = false } = options;
  const timeoutMs = (options.timeoutMs ?? 30_000) * patience;
  const child = start(command, args, { stdio: ['pipe', 'pipe', 'pipe'], ...(env && { env }) });
  const line = [command, ...args].join(' ');
  let stdout = '';
  let stderr = '';
  let late = false;
  child.stdout!.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr!.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  // A program that ends without reading its input closes the pipe: that is no fault.
  child.stdin!.on('error', () => {});
  child.stdin!.end(input ?? '');
  const timer = setTimeout(() => {
    late = true;
    child.kill('SIGKILL');
  }, timeoutMs);
  try {
    const code = await ended(child, command);
    if (late) throw new LabError(`no end after ${timeoutMs / 1000} s: ${line}`);
    if (code !== 0 && !mayFail) throw new LabError(`${line}: ${(stderr || stdout).trim() || `exit code ${code}`}`);
    return { stdout, stderr, code };
  } finally {
    clearTimeout(timer);
  }
}

/** Starts a program with the system's own programs in its path; `env` is added to the environment. */
export function start(command: string, args: readonly string[], options: SpawnOptions = {}): ChildProcess {
  const { PATH = '' } = process.env;
  return spawn(command, [...args], {
    ...options,
    env: { ...process.env, PATH: `${PATH}:/usr/sbin:/sbin`, LC_ALL: 'C', [parentVariable]: parent, ...options.env },
  });
}

const parentVariable = 'OPENVNET_STARTED_BY';
const parent = wordOf(processId(process.pid)!);

/** What every program that this process starts has in its environment, and no other one. */
export function startedBy(process_: ProcessId): string {
  return `${parentVariable}=${wordOf(process_)}`;
}

function wordOf({ pid, startedAt }: ProcessId): string {
  return `${pid}:${startedAt}`;
}

/** Exit code of a program that was started; throws where it could not be. */
export function ended(child: ChildProcess, command: string): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once('error', (cause: NodeJS.ErrnoException) => {
      const from = packages[command];
      const hint = from ? ` (Debian, Ubuntu: apt-get install ${from})` : '';
      const what = cause.code === 'ENOENT' ? `${command} is not installed${hint}` : `${command}: ${cause.message}`;
      reject(new LabError(what, { cause }));
    });
    child.once('close', (code, signal) => resolve(code ?? 128 + (signalNumbers[signal ?? ''] ?? 0)));
  });
}

const signalNumbers: Readonly<Record<string, number>> = { SIGHUP: 1, SIGINT: 2, SIGKILL: 9, SIGTERM: 15 };

/** Where the programs come from that the lab needs. */
const packages: Readonly<Record<string, string>> = {
  ip: 'iproute2',
  ping: 'iputils-ping',
  tcpdump: 'tcpdump',
  ethtool: 'ethtool',
  sysctl: 'procps',
  tc: 'iproute2',
  nft: 'nftables',
  udhcpc: 'udhcpc',
  'ovs-vsctl': 'openvswitch-switch',
  'ovs-ofctl': 'openvswitch-switch',
  'ovs-appctl': 'openvswitch-switch',
  'ovsdb-tool': 'openvswitch-switch',
  'ovsdb-server': 'openvswitch-switch',
  'ovs-vswitchd': 'openvswitch-switch',
};
