import type { ChildProcess, SpawnOptions } from 'node:child_process';
import { type Capture, captureIn } from './capture.ts';
import { patience } from './patience.ts';
import { type Finished, LabError, type RunOptions, run, start } from './run.ts';

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
  capture(options: { readonly filter?: string } = {}): Promise<Capture> {
    return captureIn(this, options);
  }

  /** Its addresses, without the lengths of their prefixes. */
  async addresses(): Promise<string[]> {
    const { stdout } = await run('ip', ['-n', this.namespace, '-j', 'addr', 'show', 'dev', this.device]);
    const [{ addr_info: all = [] } = {}] = JSON.parse(stdout || '[]') as { addr_info?: { local: string }[] }[];
    return all.map(({ local }) => local);
  }

  /** The neighbour by which it sends to an address; `undefined` where it has no route. */
  async nextHop(address: string): Promise<string | undefined> {
    const { code, stdout } = await run('ip', ['-n', this.namespace, '-j', 'route', 'get', address], { mayFail: true });
    if (code !== 0) return undefined;
    const [{ gateway = address }] = JSON.parse(stdout) as [{ gateway?: string }];
    return gateway;
  }

  async mac(): Promise<string> {
    const { stdout } = await this.exec('cat', [`/sys/class/net/${this.device}/address`]);
    return stdout.trim();
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
