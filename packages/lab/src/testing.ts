/** What tests of `vnctl lab` have in common. */
import { deepStrictEqual } from 'node:assert';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type FreshMachine, freshMachine } from './fresh-machine.ts';
import { commandLine } from './processes.ts';
import { type Finished, run, start } from './run.ts';

export const vnctlProgram = fileURLToPath(new URL('../../cli/src/main.ts', import.meta.url));

export interface FreshLab extends AsyncDisposable {
  readonly machine: FreshMachine;
  /** For files of the test. */
  readonly directory: string;
  /** Where labs have their state. */
  readonly runDirectory: string;
}

/** A fresh machine for a test of `vnctl lab`. Throws at its end where a lab that was brought down has left anything. */
export async function freshLab(): Promise<FreshLab> {
  const directory = mkdtempSync(join(tmpdir(), 'openvnet-lab-test-'));
  const machine = await freshMachine();
  const runDirectory = join(directory, 'run');
  return {
    machine,
    directory,
    runDirectory,
    async [Symbol.asyncDispose]() {
      await vnctlOf(machine, runDirectory, ['lab', 'down']);
      const left = await whatIsLeft(machine, runDirectory);
      rmSync(directory, { recursive: true });
      await machine[Symbol.asyncDispose]();
      deepStrictEqual(left, { namespaces: '', devices: 'lo', programs: [], run: ['lock', 'netns'] });
    },
  };
}

/** Runs `vnctl` on a machine; commands of the lab have their state in `runDirectory`. */
export function vnctlOf(machine: FreshMachine, runDirectory: string, args: readonly string[]): Promise<Finished> {
  const place = args[0] === 'lab' ? [...args.slice(0, 2), '--run-directory', runDirectory, ...args.slice(2)] : args;
  return machine.run(process.execPath, [vnctlProgram, ...place], { mayFail: true, timeoutMs: 60_000 });
}

/** What there is on a machine that a lab can have left. */
export async function whatIsLeft(machine: FreshMachine, runDirectory: string) {
  const { stdout: namespaces } = await machine.run('ip', ['netns']);
  const { stdout: links } = await machine.run('ip', ['-o', 'link']);
  const { stdout: runs } = await machine.run('ls', ['/run']);
  const { stdout: pids } = await run('ls', ['/proc']);
  return {
    namespaces,
    devices: links
      .trim()
      .split('\n')
      .map((line) => line.split(': ')[1])
      .filter((name) => !name?.startsWith('ifb'))
      .join(),
    programs: pids
      .split('\n')
      .map((pid) => commandLine(Number(pid)))
      .filter((line) => line.includes(runDirectory)),
    // The first namespace makes the directory for all.
    run: [...new Set([...runs.trim().split('\n'), 'netns'])].filter((name) => name !== 'openvswitch').sort(),
  };
}

/** Starts `vnctl lab` with these words and kills it as soon as it has said this. */
export async function killedAt(machine: FreshMachine, words: readonly string[], text: string): Promise<void> {
  const child = startLab(machine, words);
  await new Promise<void>((resolve) => {
    let said = '';
    child.stdout!.on('data', (chunk: Buffer) => {
      said += chunk.toString();
      if (said.includes(text)) resolve();
    });
    child.once('exit', () => resolve());
  });
  await killed(child);
}

/** Starts `vnctl lab` with these words. */
export function startLab(machine: FreshMachine, words: readonly string[]) {
  const [program, ...before] = machine.within;
  const args = [...before, process.execPath, vnctlProgram, 'lab', ...words];
  return start(program!, args, { stdio: ['ignore', 'pipe', 'ignore'] });
}

export async function killed(child: ReturnType<typeof start>): Promise<void> {
  // It may have come to its end before.
  if (child.exitCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await gone;
}
