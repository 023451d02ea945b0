/** The programs of the project, in the background. */
import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type Client, ClientError } from '@openvnet/client';
import type { Ledger } from './ledger.ts';
import { within } from './links.ts';
import { patience } from './patience.ts';
import { end, isGone, signal } from './processes.ts';
import { LabError, start } from './run.ts';
import { processesOf } from './things.ts';

const scripts = {
  openvnet: fileURLToPath(new URL('../../openvnet/src/main.ts', import.meta.url)),
  vnmgr: fileURLToPath(new URL('../../manager/src/main.ts', import.meta.url)),
  vna: fileURLToPath(new URL('../../agent/src/main.ts', import.meta.url)),
} as const;

export interface ProgramOptions {
  readonly program: keyof typeof scripts;
  readonly ledger: Ledger;
  /** Where its log and the number of its process go. */
  readonly directory: string;
  /** The network namespace that it runs in; that of this process unless given. */
  readonly namespace?: string | null;
  /** Words of `args` that no other program has: they hold the ledger's directory. */
  readonly marker: string;
  readonly args: readonly string[];
}

/** A program of the project that goes on when this process ends, and is ended by the ledger. */
export class Program {
  readonly log: string;
  readonly #options: ProgramOptions;
  readonly #daemon: { readonly pidFile: string; readonly marker: string };

  constructor(options: ProgramOptions) {
    const { program, directory, marker } = options;
    this.#options = options;
    this.log = `${directory}/${program}.log`;
    this.#daemon = { pidFile: `${directory}/${program}.pid`, marker };
  }

  get isRunning(): boolean {
    return processesOf(this.#daemon).length > 0;
  }

  /** Starts it unless it runs. */
  async start(): Promise<void> {
    const { ledger, program } = this.#options;
    const { pidFile } = this.#daemon;
    if (!ledger.has({ kind: 'daemon', pidFile })) {
      await ledger.make({ kind: 'daemon', program, ...this.#daemon }, () => this.#begin());
    } else if (!this.isRunning) await this.#begin();
  }

  /** Ends it as `systemctl stop` does. */
  async stop(): Promise<void> {
    for (const running of processesOf(this.#daemon)) await end(running);
  }

  /** Kills it as a crash would. */
  async kill9(): Promise<void> {
    for (const running of processesOf(this.#daemon)) {
      signal(running, 'SIGKILL');
      await isGone(running, 5000);
    }
  }

  /** The end of what it has logged. */
  said(lines = 3): string {
    if (!existsSync(this.log)) return '';
    return readFileSync(this.log, 'utf8').trim().split('\n').slice(-lines).join('\n');
  }

  async #begin(): Promise<void> {
    const { program, args, namespace = null } = this.#options;
    // The shell writes the number down before the program begins; before that its words tell what it will be.
    const script = 'echo $$ >"$1"; log=$2; shift 2; exec "$@" >>"$log" 2>&1';
    const node = [process.execPath, '--disable-warning=ExperimentalWarning', scripts[program], ...args];
    const [command, ...words] = [
      ...within(namespace),
      'sh',
      '-c',
      script,
      'sh',
      this.#daemon.pidFile,
      this.log,
      ...node,
    ];
    start(command!, words, { detached: true, stdio: 'ignore', cwd: '/' }).unref();
    for (const deadline = performance.now() + 5000 * patience; !this.isRunning; await sleep(5)) {
      if (performance.now() > deadline) break;
    }
  }
}

/** Whether an API answers; throws where something else does. */
export async function answers(client: Client): Promise<boolean> {
  try {
    await client.status();
    return true;
  } catch (error) {
    if (error instanceof ClientError && /: connection refused/.test(error.message)) return false;
    throw error;
  }
}

/** Starts a program that serves the API; returns when that answers. */
export async function startServing(client: Client, program: Program): Promise<void> {
  await program.start();
  for (const deadline = performance.now() + 20_000 * patience; ; await sleep(30)) {
    if (await answers(client)) return;
    if (program.isRunning && performance.now() < deadline) continue;
    const said = program.said().replaceAll('\n', '\n  ');
    throw new LabError(`the manager did not start; the end of ${program.log}:\n  ${said || '(nothing)'}`);
  }
}

/** Where a manager that the lab starts is to serve. Throws where that is another machine. */
export function listenAt(api: string): { host: string; port: number } {
  const { hostname, port } = new URL(api);
  if (!['127.0.0.1', 'localhost', '[::1]'].includes(hostname)) {
    throw new LabError(`no API answers at ${api}, and the lab can only start one on this machine`);
  }
  return { host: hostname === 'localhost' ? '127.0.0.1' : hostname, port: Number(port || 80) };
}
