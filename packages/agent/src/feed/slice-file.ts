/**
 * The agent's copy of its part of the model on disk: a snapshot in the first line, then one line for each change; each line
 * begins with the checksum of its text. An incomplete copy is not used, because missing objects would be deleted from the
 * switches. A second file holds the last revision received, so that a truncated copy is detected.
 */
import {
  chmodSync,
  closeSync,
  constants,
  existsSync,
  fsync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { crc32 } from 'node:zlib';
import { kinds } from '@openvnet/model';
import type { Logger } from 'pino';
import type { Position, SliceMessage, Snapshot } from './slice.ts';

/**
 * Minimum size of the changes after a snapshot, in bytes, before the file is rewritten. A topology of 10,000 ports applied at
 * once is one change of 7 MB; it is appended, so that its flows do not wait until a new file is synced.
 */
const slack = 16 << 20;

export class SliceFile {
  readonly #path: string;
  readonly #log: Logger;
  /** Whether the last change could not be written. */
  #failing = false;
  #file: number | undefined;
  #heardFile: number | undefined;
  #snapshotSize = 0;
  #changesSize = 0;
  #syncing = false;

  constructor(path: string, log: Logger) {
    this.#path = path;
    this.#log = log;
  }

  /** The messages in the file; the first is a snapshot. Empty if there is no copy or it is damaged. */
  read(): SliceMessage[] {
    try {
      if (!existsSync(this.#path)) return [];
      const slices = messagesIn(readFileSync(this.#path));
      const heard = this.heard();
      const last = slices.at(-1)!;
      if (heard && (heard.store !== last.store || heard.revision > last.revision)) {
        throw new Error(`it ends at revision ${last.revision}, but the manager has sent revision ${heard.revision}`);
      }
      return slices;
    } catch (error) {
      this.#log.error(
        { path: this.#path, reason: (error as Error).message },
        'the copy on disk is damaged and not used; the switches keep their flows until the manager answers',
      );
      return [];
    }
  }

  /** The last revision received, also if there is no copy. */
  heard(): Position | undefined {
    try {
      const [line = ''] = readFileSync(this.#heardPath, 'utf8').split('\n', 1);
      return JSON.parse(checked(line)) as Position;
    } catch {
      return undefined;
    }
  }

  /**
   * Appends a message of the manager, given as `text`. `snapshot` returns the current state, for rewriting the file. If writing
   * fails, the copy is removed, because an older copy would delete newer objects.
   */
  write(slice: SliceMessage, text: string, snapshot: () => Snapshot): void {
    try {
      const isFirst = this.#file === undefined;
      // A line is one message.
      const line = text.includes('\n') ? lineOf(slice) : lineWith(text);
      if (slice.type === 'changes' && !isFirst && this.#changesSize + line.length < this.#most) this.#append(line);
      else this.#replace(slice.type === 'snapshot' ? line : lineOf(snapshot()));
      const { store, revision, epoch } = slice;
      this.#note({ store, revision, ...(epoch !== undefined && { epoch }) });
      if (this.#failing) this.#log.info({ path: this.#path }, 'the copy on disk is written again');
      this.#failing = false;
    } catch (error) {
      // The next change meets the same disk.
      if (!this.#failing)
        this.#log.error(
          { path: this.#path, err: error },
          'the copy on disk cannot be written and is removed; after a restart without the manager, the switches keep their flows',
        );
      this.#failing = true;
      this.#remove();
    }
  }

  close(): void {
    if (this.#heardFile !== undefined) closeSync(this.#heardFile);
    this.#heardFile = undefined;
    if (this.#file === undefined) return;
    // The last writes are synced before the program ends.
    try {
      fsyncSync(this.#file);
    } catch {}
    closeSync(this.#file);
    this.#file = undefined;
  }

  get #most(): number {
    return Math.max(slack, 2 * this.#snapshotSize);
  }

  get #heardPath(): string {
    return `${this.#path}.heard`;
  }

  /** Over what the file holds, of which the first line counts: to empty a file waits for what the disk is just doing. */
  #note(heard: Position): void {
    this.#heardFile ??= openSync(this.#heardPath, constants.O_WRONLY | constants.O_CREAT, 0o600);
    writeWhole(this.#heardFile, lineOf(heard), 0);
  }

  #append(line: Buffer): void {
    writeWhole(this.#file!, line);
    this.#changesSize += line.length;
    this.#sync(this.#file!);
  }

  /** Syncs the lines of one turn together, in parallel with the work on the switches. */
  #sync(file: number): void {
    if (this.#syncing) return;
    this.#syncing = true;
    setImmediate(() => {
      this.#syncing = false;
      if (this.#file !== file) return;
      fsync(file, (error) => {
        if (!error || this.#file !== file) return;
        this.#log.error({ path: this.#path, err: error }, 'the copy on disk cannot be synced and is removed');
        this.#remove();
      });
    });
  }

  #replace(whole: Buffer): void {
    const made = `${this.#path}.new`;
    const directory = dirname(this.#path);
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    writeFileSync(made, whole, { mode: 0o600, flush: true });
    chmodSync(made, 0o600);
    this.close();
    renameSync(made, this.#path);
    const entry = openSync(directory, 'r');
    fsyncSync(entry);
    closeSync(entry);
    this.#file = openSync(this.#path, 'a', 0o600);
    this.#snapshotSize = whole.length;
    this.#changesSize = 0;
  }

  #remove(): void {
    try {
      if (this.#file !== undefined) closeSync(this.#file);
    } catch {}
    this.#file = undefined;
    for (const path of [this.#path, `${this.#path}.new`]) {
      try {
        rmSync(path, { force: true });
      } catch (error) {
        this.#log.error({ path, err: error }, 'the copy on disk cannot be removed either; remove it by hand');
      }
    }
  }
}

function writeWhole(file: number, bytes: Buffer, at?: number): void {
  const written = writeSync(file, bytes, 0, bytes.length, at);
  if (written < bytes.length) throw new Error(`only ${written} of ${bytes.length} bytes could be written`);
}

function lineOf(value: object): Buffer {
  return lineWith(JSON.stringify(value));
}

function lineWith(text: string): Buffer {
  return Buffer.from(`${sumOf(text)} ${text}\n`);
}

function sumOf(text: string): string {
  return crc32(text).toString(16).padStart(8, '0');
}

/** The text after the checksum; throws if they do not match. */
function checked(line: string): string {
  const text = line.slice(9);
  if (line.length < 10 || line[8] !== ' ' || line.slice(0, 8) !== sumOf(text)) throw new Error('a checksum is wrong');
  return text;
}

/** The contents of a file; throws if a part is damaged or unknown to this version. */
function messagesIn(bytes: Buffer): SliceMessage[] {
  const lines = bytes.toString().split('\n');
  if (lines.pop() !== '') throw new Error('its last line is truncated');
  const slices = lines.map((line) => JSON.parse(checked(line)) as SliceMessage);
  if (slices.length === 0) throw new Error('it is empty');
  const known = new Set<string>(kinds);
  for (const [i, slice] of slices.entries()) {
    if (slice.type !== (i === 0 ? 'snapshot' : 'changes')) throw new Error(`line ${i + 1} is not a ${slice.type}`);
    const named = slice.type === 'snapshot' ? Object.keys(slice.rows) : slice.changes.map(({ kind }) => kind);
    const unknown = named.find((kind) => !known.has(kind));
    if (unknown !== undefined) throw new Error(`this version does not know objects of kind ${unknown}`);
    if (i > 0 && slice.revision < slices[i - 1]!.revision) throw new Error('its revisions are out of order');
  }
  return slices;
}
