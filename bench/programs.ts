import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { forget, remember } from '../packages/lab/src/cleanup.ts';
import { end, processId } from '../packages/lab/src/processes.ts';
import { run, start } from '../packages/lab/src/run.ts';

const packages = join(import.meta.dirname, '../packages');
const programs = { vnmgr: 'manager/bin/vnmgr', vna: 'agent/bin/vna' } as const;
const lastLines = 20;

/** Starts each program once and ends it, so that the first one that is measured finds its code compiled. */
export async function compilePrograms(): Promise<void> {
  for (const path of Object.values(programs)) await run(join(packages, path), ['--help']);
}

/** One of the project's own programs, running. Ends with its scope, or when a signal ends this process. */
export class Program implements AsyncDisposable {
  readonly name: keyof typeof programs;
  readonly pid: number;
  readonly #child: ChildProcess;
  readonly #lines: Record<string, unknown>[] = [];
  #text = '';
  #wake: () => void = () => {};

  constructor(name: keyof typeof programs, args: readonly string[]) {
    this.name = name;
    this.#child = start(join(packages, programs[name]), args, { stdio: ['ignore', 'ignore', 'pipe'] });
    this.pid = this.#child.pid!;
    remember(this);
    this.#child.stderr!.setEncoding('utf8').on('data', (text: string) => this.#hear(text));
    this.#child.once('close', () => this.#wake());
  }

  /** The first line of its log with this message. */
  async said(message: string): Promise<Record<string, unknown>> {
    for (;;) {
      const found = this.#lines.find(({ msg }) => msg === message);
      if (found) return found;
      const last = this.#lines.slice(-lastLines).map((line) => JSON.stringify(line));
      if (this.#child.exitCode !== null) throw new Error(`${this.name} has ended:\n${last.join('\n')}${this.#text}`);
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const running = processId(this.pid);
    if (running && this.#child.exitCode === null) {
      const over = once(this.#child, 'exit');
      await end(running);
      await over;
    }
    forget(this);
  }

  #hear(text: string): void {
    const lines = `${this.#text}${text}`.split('\n');
    this.#text = lines.pop()!;
    for (const line of lines) this.#lines.push(line.startsWith('{') ? JSON.parse(line) : { text: line });
    this.#wake();
  }
}
