/** What is told when something it has read has changed. */
export interface Reader {
  /** It has read `cell`, for the first time since that has last changed. */
  depend: (cell: Cell) => void;
  invalidate: () => void;
}

/**
 * Something that can be read and can change: a row, or the rows that share a value. It knows who has read it. Most
 * cells have one reader, so that one is held without a set.
 */
export class Cell {
  #readers: Reader | Set<Reader> | undefined;

  /** Notes that `reader` depends on this. */
  read(reader: Reader): void {
    const readers = this.#readers;
    if (readers === undefined) this.#readers = reader;
    else if (readers instanceof Set) {
      if (readers.has(reader)) return;
      readers.add(reader);
    } else if (readers === reader) return;
    else this.#readers = new Set([readers, reader]);
    reader.depend(this);
  }

  /** Notes that `reader` does not depend on this any more. */
  drop(reader: Reader): void {
    if (this.#readers === reader) this.#readers = undefined;
    else if (this.#readers instanceof Set) this.#readers.delete(reader);
  }

  /** Tells every reader that this has changed. */
  changed(): void {
    const readers = this.#readers;
    if (readers instanceof Set) for (const reader of readers) reader.invalidate();
    else readers?.invalidate();
  }
}
