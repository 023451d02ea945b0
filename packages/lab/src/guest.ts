import type { ChildProcess, SpawnOptions } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { patience } from './patience.ts';
import { ended, type Finished, LabError, type RunOptions, run, start } from './run.ts';

export interface PingOptions {
  readonly count?: number;
  readonly intervalMs?: number;
  /** How long to wait for the last reply. */
  readonly timeoutMs?: number;
  /** Identifier of the echo requests, 1 to 65535: tells them from those of other pings in a capture. */
  readonly identifier?: number;
}

export interface PingResult {
  readonly sent: number;
  readonly received: number;
  /** Round trip times of the replies, in order, in milliseconds. */
  readonly rtts: readonly number[];
  /** The command line, as one would type it in the guest. */
  readonly command: string;
  /** What `ping` printed. */
  readonly output: string;
}

export interface Neighbour {
  readonly address: string;
  /** Null while nobody has answered. */
  readonly mac: string | null;
  readonly state: string;
}

/** A capture that is running. */
export interface Capture {
  /** What was captured so far, one line a frame. */
  readonly lines: readonly string[];
  /** Ends it and gives all lines. */
  stop(): Promise<string[]>;
}

/** A namespace that stands for a virtual machine: one device, whose other end is a port of a switch. */
export class Guest {
  readonly name: string;
  /** The network namespace. */
  readonly namespace: string;
  /** The device inside. */
  readonly device: string;
  /** The switch's side. */
  readonly port: string;

  constructor(made: { name: string; namespace: string; device: string; port: string }) {
    this.name = made.name;
    this.namespace = made.namespace;
    this.device = made.device;
    this.port = made.port;
  }

  /** Runs a program in the guest to its end. */
  exec(command: string, args: readonly string[] = [], options: RunOptions = {}): Promise<Finished> {
    return run('ip', ['netns', 'exec', this.namespace, command, ...args], options);
  }

  /** Starts a program in the guest. Whoever does ends it; what is left ends with the guest. */
  spawn(command: string, args: readonly string[] = [], options: SpawnOptions = {}): ChildProcess {
    return start('ip', ['netns', 'exec', this.namespace, command, ...args], options);
  }

  async ping(address: string, options: PingOptions = {}): Promise<PingResult> {
    const { count = 3, intervalMs = 200, timeoutMs = 1000, identifier } = options;
    const args = ['-n', '-c', `${count}`, '-i', `${intervalMs / 1000}`, '-W', `${(timeoutMs * patience) / 1000}`];
    if (identifier !== undefined) args.push('-e', `${identifier}`);
    const command = ['ping', ...args, address].join(' ');
    const { stdout, stderr } = await this.exec('ping', [...args, address], {
      mayFail: true,
      timeoutMs: count * intervalMs + timeoutMs + 20_000,
    });
    const totals = /(\d+) packets transmitted, (\d+) received/.exec(stdout);
    // Without a route there is nothing that could be sent.
    if (!totals && /unreachable/.test(stderr))
      return { sent: 0, received: 0, rtts: [], command, output: stderr.trim() };
    if (!totals) throw new LabError(`${this.name}: ping ${address}: ${(stderr || stdout).trim()}`);
    const rtts = [...stdout.matchAll(/bytes from .* time=([\d.]+) ms/g)].map(([, time]) => Number(time));
    return { sent: Number(totals[1]), received: Number(totals[2]), rtts, command, output: stdout.trimEnd() };
  }

  /** Captures frames at the guest's device, in both directions; returns when it really listens. */
  async capture({ filter = '' }: { readonly filter?: string } = {}): Promise<Capture> {
    const args = ['-n', '-l', '-e', '-tt', '--immediate-mode', '-Z', 'root', '-i', this.device];
    const child = this.spawn('tcpdump', filter ? [...args, filter] : args, { stdio: ['ignore', 'pipe', 'pipe'] });
    const over = ended(child, 'tcpdump');
    let stdout = '';
    let stderr = '';
    child.stdout!.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    const listening = new Promise<void>((resolve) => {
      child.stderr!.setEncoding('utf8').on('data', (text: string) => {
        stderr += text;
        if (stderr.includes('listening on')) resolve();
      });
    });
    const failed = over.then((): never => {
      throw new LabError(`${this.name}: capture: ${stderr.trim()}`);
    });
    await Promise.race([listening, failed]);
    failed.catch(() => {});
    const lines = (): string[] => stdout.split('\n').filter(Boolean);
    return {
      get lines() {
        return lines();
      },
      async stop() {
        // The last frames may still be on their way from the kernel.
        await sleep(60);
        child.kill('SIGINT');
        await over;
        return lines();
      },
    };
  }

  async neighbours(): Promise<Neighbour[]> {
    const { stdout } = await run('ip', ['-n', this.namespace, '-j', 'neigh', 'show', 'dev', this.device]);
    const rows = JSON.parse(stdout || '[]') as { dst: string; lladdr?: string; state?: string[] }[];
    return rows.map(({ dst, lladdr, state }) => ({
      address: dst,
      mac: lladdr ?? null,
      state: state?.join(' ') ?? '',
    }));
  }

  /** Forgets the addresses of its neighbours, so that the next packet asks for them. */
  async forgetNeighbours(): Promise<void> {
    await run('ip', ['-n', this.namespace, 'neigh', 'flush', 'dev', this.device], { mayFail: true });
  }
}
