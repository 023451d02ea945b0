/**
 * Makes calls of sockets and files fail, where the programs make them: a call site at a time, each in every way in which
 * such a call can fail. The sites are found by running something once; none has to be listed.
 */
import dgram from 'node:dgram';
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import net from 'node:net';

/** How a call fails: at once, by its callback, by the socket's event, or by a socket that is closed. */
export type Failure = 'throws' | 'calls back' | 'emits' | 'closes';

export interface Site {
  /** The function, and the file and line that call it. */
  readonly name: string;
  /** The ways in which it can fail. */
  readonly failures: readonly Failure[];
}

type Callable = (this: unknown, ...args: unknown[]) => unknown;

const socketFailures: readonly Failure[] = ['throws', 'calls back', 'emits', 'closes'];
const targets: readonly (readonly [kind: string, owner: object, names: readonly string[], ways: readonly Failure[]])[] =
  [
    ['dgram', dgram.Socket.prototype, ['bind', 'connect', 'send'], socketFailures],
    ['dgram', dgram, ['createSocket'], ['throws']],
    ['net', net.Socket.prototype, ['connect', 'write', 'end'], socketFailures],
    ['net', net.Server.prototype, ['listen'], ['throws', 'emits']],
    [
      'fs',
      fs,
      ['openSync', 'readFileSync', 'writeFileSync', 'writeSync', 'fsyncSync', 'renameSync', 'mkdirSync'],
      ['throws'],
    ],
  ];

export class FailingCalls implements Disposable {
  readonly #sites = new Map<string, Site>();
  readonly #restore: (() => void)[] = [];
  readonly #packages: RegExp;
  readonly #onUncaught = (error: unknown): void => {
    this.uncaught.push(`${this.#label}: ${(error as Error)?.stack ?? error}`);
  };
  #armed: { site: string; failure: Failure } | undefined;
  #label = 'nothing injected';
  /** What would have ended a program, and what had failed then. */
  readonly uncaught: string[] = [];
  /** How many calls were made to fail. */
  injected = 0;

  /** Looks at calls from these packages; from their tests and test helpers none. */
  constructor(packages: readonly string[]) {
    this.#packages = new RegExp(`/packages/(?:${packages.join('|')})/src/(?!testing|.*\\.test\\.)[^)]*`);
    for (const [kind, owner, names, ways] of targets) for (const name of names) this.#patch(kind, owner, name, ways);
    syncBuiltinESMExports();
    process.on('uncaughtException', this.#onUncaught);
    process.on('unhandledRejection', this.#onUncaught);
  }

  /** Where calls were made so far. */
  get sites(): readonly Site[] {
    return [...this.#sites.values()];
  }

  /** Makes the next call at the site fail. */
  arm(site: string, failure: Failure): void {
    this.#armed = { site, failure };
    this.#label = `${site} ${failure}`;
  }

  /** Makes no call fail any more; says whether one did since `arm`. */
  disarm(): boolean {
    const done = this.#armed === undefined;
    this.#armed = undefined;
    return done;
  }

  [Symbol.dispose](): void {
    for (const restore of this.#restore) restore();
    syncBuiltinESMExports();
    process.off('uncaughtException', this.#onUncaught);
    process.off('unhandledRejection', this.#onUncaught);
  }

  #patch(kind: string, owner: object, name: string, failures: readonly Failure[]): void {
    const methods = owner as Record<string, Callable>;
    const original = methods[name]!;
    const own = Object.hasOwn(methods, name);
    const { whereIn, take } = { whereIn: () => this.#caller(), take: (site: string) => this.#take(site) };
    const note = (site: Site): void => void this.#sites.set(site.name, site);
    methods[name] = function (this: unknown, ...args: unknown[]): unknown {
      const where = whereIn();
      if (where === undefined) return original.apply(this, args);
      const site = `${kind}.${name} ${where}`;
      note({ name: site, failures });
      const failure = take(site);
      return failure ? fail(this, args, failure) : original.apply(this, args);
    };
    this.#restore.push(() => {
      if (own) methods[name] = original;
      else delete methods[name];
    });
  }

  #take(site: string): Failure | undefined {
    if (this.#armed?.site !== site) return undefined;
    const { failure } = this.#armed;
    this.#armed = undefined;
    this.injected++;
    return failure;
  }

  /** The file and line of ours that makes the call; undefined if it is made by others. */
  #caller(): string | undefined {
    const before = Error.stackTraceLimit;
    Error.stackTraceLimit = 40;
    const lines = new Error().stack!.split('\n').slice(2);
    Error.stackTraceLimit = before;
    const ours = lines.find((line) => line.includes('/packages/') && !line.includes('testing/failing-calls'));
    const found = ours && this.#packages.exec(ours)?.[0];
    return found?.replace(/^\/packages\//, '').replace(/:\d+$/, '');
  }
}

interface Ends {
  emit?: (event: string, error: Error) => void;
  destroy?: () => void;
  close?: () => void;
}

function fail(on: unknown, args: readonly unknown[], failure: Failure): unknown {
  const error = Object.assign(new Error('injected: network is unreachable'), { code: 'ENETUNREACH' });
  if (failure === 'throws') throw error;
  const socket = on as Ends;
  const callback = args.findLast((arg) => typeof arg === 'function') as ((error: Error) => void) | undefined;
  process.nextTick(() => {
    if (failure === 'calls back' && callback) callback(error);
    else if (failure === 'closes') (socket.destroy ?? socket.close)?.call(socket);
    else socket.emit?.('error', error);
  });
  return on;
}
