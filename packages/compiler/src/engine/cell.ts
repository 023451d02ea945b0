/** What is told when something it has read has changed. */
export interface Reader {
  /** It has read `cell`, for the first time since that has last changed. */
  depend: (cell: Cell) => void;
  invalidate: () => void;
}

/** Above so many readers a set finds one of them faster than a list. */
const mostListed = 8;

/**
 * Something that can be read and can change: a row, or the rows that share a value. It knows who has read it. Most
 * cells have one reader, which is held by itself, or a few: a set takes several times the memory of a list.
 */
export class Cell {
  #readers: Reader | Reader[] | Set<Reader> | undefined;

  get isRead(): boolean {
    const readers = this.#readers;
    if (Array.isArray(readers)) return readers.length > 0;
    return readers instanceof Set ? readers.size > 0 : readers !== undefined;
  }

  /** Notes that `reader` depends on this. */
  read(reader: Reader): void {
    const readers = this.#readers;
    if (readers === undefined) this.#readers = reader;
    else if (readers instanceof Set) {
      if (readers.has(reader)) return;
      readers.add(reader);
    } else if (Array.isArray(readers)) {
      if (readers.includes(reader)) return;
      // Made anew, so that it has no room for more.
      this.#readers = readers.length < mostListed ? [...readers, reader] : new Set(readers).add(reader);
    } else if (readers === reader) return;
    else this.#readers = [readers, reader];
    reader.depend(this);
  }

  /** Notes that `reader` does not depend on this any more. */
  drop(reader: Reader): void {
    const readers = this.#readers;
    if (readers === reader) this.#readers = undefined;
    else if (readers instanceof Set) readers.delete(reader);
    else if (Array.isArray(readers)) this.#readers = readers.filter((each) => each !== reader);
  }

  /** Tells every reader that this has changed. */
  changed(): void {
    const readers = this.#readers;
    if (readers === undefined) return;
    if (readers instanceof Set || Array.isArray(readers)) for (const reader of readers) reader.invalidate();
    else readers.invalidate();
  }
}
