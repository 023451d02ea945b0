import type { Cell, Reader } from './cell.ts';
import { type Relations, View } from './relations.ts';

class Entry implements Reader {
  readonly #deps: Cell[] = [];
  readonly #forget: () => void;
  value: unknown;

  constructor(forget: () => void) {
    this.#forget = forget;
  }

  depend(cell: Cell): void {
    this.#deps.push(cell);
  }

  invalidate(): void {
    this.#forget();
    for (const cell of this.#deps) cell.drop(this);
    this.#deps.length = 0;
  }
}

/** Things computed from rows on demand, each kept until a row that it read changes. */
export class Cache {
  /** For a look without being told of changes. */
  readonly view: View;
  readonly #tracked: View;
  readonly #kept = new Map<string, Entry>();

  constructor(datapathId: number, relations: Relations) {
    this.view = new View(datapathId, relations);
    this.#tracked = new View(datapathId, relations);
  }

  get size(): number {
    return this.#kept.size;
  }

  get<T>(name: string, compute: (view: View) => T): T {
    const before = this.#kept.get(name);
    if (before) return before.value as T;
    const made = new Entry(() => this.#kept.delete(name));
    this.#tracked.reader = made;
    try {
      made.value = compute(this.#tracked);
    } catch (error) {
      made.invalidate();
      throw error;
    }
    this.#kept.set(name, made);
    return made.value as T;
  }

  /** Lets go of the model. */
  close(): void {
    for (const kept of [...this.#kept.values()]) kept.invalidate();
  }
}
