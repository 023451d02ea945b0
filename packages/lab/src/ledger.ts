/**
 * What a lab has made, in a file. Each thing is written down before it is made, so that whoever comes later, also after
 * a crash half way, can remove all of it and nothing else. A thing whose making fails because it was there already is
 * struck out again.
 */
import { appendFileSync, existsSync, lstatSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { checkLine, type Line, parseLine, type Thing } from './ledger-line.ts';
import {
  end,
  hasInEnvironment,
  isRunning,
  leadsSession,
  type ProcessId,
  processesWhere,
  processId,
} from './processes.ts';
import { LabError, startedBy } from './run.ts';
import { ledgerName, orderOfRemoval, unmake } from './things.ts';
import { checkTrusted, makeTrusted, readTrusted } from './trusted.ts';

/** Thrown by what makes a thing where it finds it there: made by somebody else, so not to be removed. */
export class AlreadyThere extends LabError {}

interface Entry {
  readonly thing: Thing;
  readonly identity: string | undefined;
}

export class Ledger {
  readonly directory: string;
  readonly #path: string;
  readonly #entries = new Map<number, Entry>();
  #next = 0;
  #note = '';
  /** Whether the last line was not written to its end. */
  #isCut = false;
  #boot = boot();
  #owner: ProcessId | undefined;

  private constructor(directory: string) {
    this.directory = directory;
    this.#path = join(directory, ledgerName);
  }

  /**
   * Begins one, or goes on with the one that is there. `note` is for whoever finds it. Throws `LabError` if somebody
   * else could write to the directory, as `find` does.
   */
  static begin(directory: string, note = ''): Ledger {
    const path = makeTrusted(directory);
    const ledger = Ledger.find(path) ?? new Ledger(path);
    ledger.#owner = processId(process.pid)!;
    ledger.#note = note;
    ledger.#write({ owner: ledger.#owner, boot: boot(), note });
    return ledger;
  }

  /** The one in a directory, if any. Throws `LabError` if it names what no lab in that directory can have made. */
  static find(directory: string): Ledger | undefined {
    if (!lstatSync(join(directory, ledgerName), { throwIfNoEntry: false })) return undefined;
    const ledger = new Ledger(checkTrusted(directory));
    const text = readTrusted(ledger.#path);
    if (text === undefined) return undefined;
    ledger.#isCut = !text.endsWith('\n');
    for (const [index, line] of text.split('\n').entries()) {
      const read = parseLine(line, ledger.directory, `${ledger.#path}, line ${index + 1}`);
      if (read) ledger.#take(read);
    }
    return ledger;
  }

  get note(): string {
    return this.#note;
  }

  /** The process that wrote to it last, where it is still running. */
  get owner(): ProcessId | undefined {
    return this.#owner && isRunning(this.#owner) ? this.#owner : undefined;
  }

  get things(): readonly Thing[] {
    return [...this.#entries.values()].map(({ thing }) => thing);
  }

  /** Whether it holds a thing with these values. */
  has(values: Readonly<Record<string, string>>): boolean {
    return this.#find(values) !== undefined;
  }

  #find(values: Readonly<Record<string, string>>): number | undefined {
    const isIt = (thing: object): boolean =>
      Object.entries(values).every(([key, value]) => (thing as Record<string, unknown>)[key] === value);
    return [...this.#entries].find(([, { thing }]) => isIt(thing))?.[0];
  }

  /**
   * Writes `thing` down, then makes it. A text that `make` gives tells this thing from a later one of the same
   * name. Returns a number for `undo`.
   */
  async make(thing: Thing, make: () => Promise<unknown>): Promise<number> {
    const number = this.#next;
    this.#record(checkLine({ number, thing }, this.directory, thing.kind));
    try {
      const identity = await make();
      if (typeof identity === 'string') this.#record({ number, identity });
    } catch (error) {
      if (error instanceof AlreadyThere) this.#record({ number, gone: true });
      throw error;
    }
    return number;
  }

  /** Waits until the programs have ended that its owner had just begun when it was killed: they may still make things. */
  async settle(): Promise<void> {
    if (!this.#owner || this.owner) return;
    const words = startedBy(this.#owner);
    const begun = (): ProcessId[] => processesWhere((pid) => hasInEnvironment(pid, words) && !leadsSession(pid));
    for (const deadline = performance.now() + 3000; performance.now() < deadline; await sleep(10)) {
      if (begun().length === 0) return;
    }
    await Promise.all(begun().map((running) => end(running, 500)));
  }

  /** Removes one thing; it may be gone already. */
  async undo(number: number, say: (line: string) => void = () => {}): Promise<void> {
    const entry = this.#entries.get(number);
    if (!entry) return;
    // After a restart of the machine other things may have the names.
    if (this.#boot === boot() || entry.thing.outlivesBoot) await unmake(entry.thing, entry.identity, say);
    // The directory that holds the ledger takes it along.
    if (existsSync(this.#path)) this.#record({ number, gone: true });
    else this.#entries.delete(number);
  }

  /** Removes the thing with these values, if there is one. */
  async undoWhere(values: Readonly<Record<string, string>>): Promise<void> {
    const number = this.#find(values);
    if (number !== undefined) await this.undo(number);
  }

  /** Removes everything, the newest first. Goes on where something cannot be removed, and throws in the end. */
  async undoAll(say: (line: string) => void = () => {}): Promise<void> {
    await this.settle();
    const failures: unknown[] = [];
    const newestFirst = [...this.#entries].reverse();
    for (const [number] of newestFirst.sort(([, a], [, b]) => orderOfRemoval(a.thing) - orderOfRemoval(b.thing))) {
      // Without its directory nobody could come back to what is still there.
      if (failures.length > 0 && this.#entries.get(number)!.thing.kind === 'directory') continue;
      await this.undo(number, say).catch((error: unknown) => failures.push(error));
    }
    if (failures.length === 0) return;
    const reasons = failures.map((failure) => (failure as Error).message).join('; ');
    throw new LabError(`not everything could be removed: ${reasons}`, { cause: failures[0] });
  }

  #record(line: Line): void {
    this.#write(line);
    this.#take(line);
  }

  #write(line: Line): void {
    const text = `${this.#isCut ? '\n' : ''}${JSON.stringify(line)}\n`;
    this.#isCut = false;
    appendFileSync(this.#path, text, { mode: 0o600 });
  }

  #take(line: Line): void {
    if ('owner' in line) {
      this.#owner = line.owner;
      this.#boot = line.boot;
      this.#note = line.note;
      return;
    }
    this.#next = Math.max(this.#next, line.number + 1);
    const known = this.#entries.get(line.number);
    if ('thing' in line) this.#entries.set(line.number, { thing: line.thing, identity: undefined });
    else if ('gone' in line) this.#entries.delete(line.number);
    else if (known) this.#entries.set(line.number, { ...known, identity: line.identity });
  }
}

function boot(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
}
