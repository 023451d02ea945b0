import { closeSync, existsSync, openSync, readFileSync, renameSync, writeFileSync, writeSync } from 'node:fs';
import type { SliceMessage, Snapshot } from './slice.ts';

/** Bytes of changes that are kept behind a snapshot before the file is written anew, at least. */
const slack = 1 << 20;

/**
 * The agent's copy of its part of the model, on disk: a snapshot in the first line, a line for each change behind it. A
 * line that was cut by a crash is left out, and so is everything behind it: the manager then sends it again.
 */
export class SliceFile {
  readonly #path: string;
  #file: number | undefined;
  #snapshotSize = 0;
  #changesSize = 0;

  /** Its directory is there already. */
  constructor(path: string) {
    this.#path = path;
  }

  /** What the file holds; the first is a snapshot. Empty where there is no file, or none that can be read. */
  read(): SliceMessage[] {
    if (!existsSync(this.#path)) return [];
    const slices: SliceMessage[] = [];
    const lines = readFileSync(this.#path, 'utf8').split('\n');
    for (const line of lines.slice(0, -1)) {
      const slice = parse(line);
      if (!slice || slice.type !== (slices.length === 0 ? 'snapshot' : 'changes')) break;
      slices.push(slice);
    }
    return slices;
  }

  /** Notes what the manager has sent. `snapshot` gives the whole as it is then, for when the file is written anew. */
  write(slice: SliceMessage, snapshot: () => Snapshot): void {
    const line = `${JSON.stringify(slice)}\n`;
    if (
      slice.type === 'changes' &&
      this.#file !== undefined &&
      this.#changesSize + line.length < Math.max(slack, 2 * this.#snapshotSize)
    ) {
      this.#changesSize += writeSync(this.#file, line);
      return;
    }
    const whole = slice.type === 'snapshot' ? line : `${JSON.stringify(snapshot())}\n`;
    writeFileSync(`${this.#path}.new`, whole);
    renameSync(`${this.#path}.new`, this.#path);
    this.close();
    this.#file = openSync(this.#path, 'a');
    this.#snapshotSize = whole.length;
    this.#changesSize = 0;
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }
}

function parse(line: string): SliceMessage | undefined {
  try {
    return JSON.parse(line) as SliceMessage;
  } catch {
    return undefined;
  }
}
