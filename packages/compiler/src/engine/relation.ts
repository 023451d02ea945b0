import { Cell, type Reader } from './cell.ts';

/** The rows of a relation that share a value of an indexed column, in the order of their ids. */
class Group<R> extends Cell {
  rows: R[] = [];

  get empty(): boolean {
    return this.rows.length === 0;
  }
}

class Entry<R> extends Cell {
  row: R | undefined;

  get empty(): boolean {
    return this.row === undefined;
  }
}

/**
 * Cells by key. One without rows is kept while somebody has read it, so as to be told. Those that nobody has read are
 * thrown away together, once there may be as many of them as of others.
 */
class Cells<K, C extends Cell & { readonly empty: boolean }> extends Map<K, C> {
  #emptied = 0;

  /** Notes that a cell may have become empty and without readers. */
  emptied(): void {
    if (++this.#emptied * 2 < this.size || this.#emptied < 64) return;
    this.#emptied = 0;
    for (const [key, cell] of this) if (cell.empty && !cell.isRead) this.delete(key);
  }
}

export interface Identified {
  readonly id: number;
}

export type Key = number | string;

/** Told when an item comes into being or has another row (`true`), or goes (`false`). */
export type ItemListener<K> = (key: K, present: boolean) => void;

/**
 * Rows by id and by the values of the indexed columns; an index is made when it is first asked. Whatever a `Reader` reads here, it is told of when it changes;
 * reading what is not there yet counts. Rows are plain data and are replaced whole, never changed.
 */
export class Relation<R extends Identified> {
  readonly name: string;
  readonly #entries = new Cells<number, Entry<R>>();
  readonly #columns: readonly string[];
  readonly #indexes = new Map<string, Cells<Key, Group<R>>>();
  readonly #rowListeners = new Set<ItemListener<number>>();
  readonly #groupListeners = new Map<string, Set<ItemListener<Key>>>();
  #size = 0;

  constructor(name: string, columns: readonly string[]) {
    this.name = name;
    this.#columns = columns;
  }

  get size(): number {
    return this.#size;
  }

  get(id: number, reader?: Reader): R | undefined {
    let entry = this.#entries.get(id);
    if (!entry) {
      if (!reader) return undefined;
      entry = new Entry();
      this.#entries.emptied();
      this.#entries.set(id, entry);
    }
    if (reader) entry.read(reader);
    return entry.row;
  }

  /** The rows whose `column` is `value`, in the order of their ids. */
  where(column: string, value: Key, reader?: Reader): readonly R[] {
    const index = this.#index(column);
    let group = index.get(value);
    if (!group) {
      if (!reader) return [];
      group = new Group();
      index.emptied();
      index.set(value, group);
    }
    if (reader) group.read(reader);
    return group.rows;
  }

  *rows(): Generator<R> {
    for (const { row } of this.#entries.values()) if (row !== undefined) yield row;
  }

  *keys(column: string): Generator<Key> {
    for (const [key, { rows }] of this.#index(column)) if (rows.length > 0) yield key;
  }

  /** Puts a row in, in place of the one with its id. */
  set(row: R): void {
    let entry = this.#entries.get(row.id);
    if (!entry) {
      entry = new Entry();
      this.#entries.set(row.id, entry);
    }
    const before = entry.row;
    entry.row = row;
    if (!before) this.#size++;
    this.#reindex(before, row);
    for (const listener of this.#rowListeners) listener(row.id, true);
    entry.changed();
  }

  delete(id: number): void {
    const entry = this.#entries.get(id);
    const before = entry?.row;
    if (!entry || !before) return;
    entry.row = undefined;
    this.#size--;
    this.#reindex(before, undefined);
    for (const listener of this.#rowListeners) listener(id, false);
    entry.changed();
    this.#entries.emptied();
  }

  /** Calls `listener` for every row that comes, changes or goes, until the function that this gives is called. */
  onRow(listener: ItemListener<number>): () => void {
    this.#rowListeners.add(listener);
    return () => this.#rowListeners.delete(listener);
  }

  /** Calls `listener` for every value of `column` that gets its first row or loses its last, likewise. */
  onGroup(column: string, listener: ItemListener<Key>): () => void {
    this.#index(column);
    const listeners = this.#groupListeners.get(column) ?? new Set();
    this.#groupListeners.set(column, listeners.add(listener));
    return () => listeners.delete(listener);
  }

  #index(column: string): Cells<Key, Group<R>> {
    const made = this.#indexes.get(column);
    if (made) return made;
    if (!this.#columns.includes(column)) throw new RangeError(`${this.name} has no index of ${column}`);
    const index = new Cells<Key, Group<R>>();
    this.#indexes.set(column, index);
    for (const row of this.rows()) this.#enter(column, index, row);
    return index;
  }

  #reindex(before: R | undefined, after: R | undefined): void {
    for (const [column, index] of this.#indexes) {
      const old = before && columnValue(before, column);
      if (old !== undefined && (!after || old !== columnValue(after, column)))
        this.#leave(column, index, old, before!.id);
      if (after) this.#enter(column, index, after);
    }
  }

  #enter(column: string, index: Cells<Key, Group<R>>, row: R): void {
    const value = columnValue(row, column);
    if (value === undefined) return;
    let group = index.get(value);
    if (!group) {
      group = new Group();
      index.set(value, group);
    }
    const at = position(group.rows, row.id);
    const known = group.rows[at]?.id === row.id;
    // Most groups have one row: made so, the array has no room for more.
    if (group.rows.length === 0) group.rows = [row];
    else group.rows.splice(at, known ? 1 : 0, row);
    if (group.rows.length === 1 && !known) this.#tell(column, value, true);
    group.changed();
  }

  #leave(column: string, index: Cells<Key, Group<R>>, value: Key, id: number): void {
    const group = index.get(value)!;
    group.rows.splice(position(group.rows, id), 1);
    if (group.rows.length === 0) this.#tell(column, value, false);
    group.changed();
    if (group.empty) index.emptied();
  }

  #tell(column: string, value: Key, present: boolean): void {
    for (const listener of this.#groupListeners.get(column) ?? []) listener(value, present);
  }
}

/** Null is the absence of a value: no index holds it. */
function columnValue(row: object, column: string): Key | undefined {
  return ((row as Record<string, Key | null | undefined>)[column] ?? undefined) as Key | undefined;
}

/** Where the row of `id` is, or belongs, among rows that are in the order of their ids. */
function position(rows: readonly Identified[], id: number): number {
  let [low, high] = [0, rows.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (rows[middle]!.id < id) low = middle + 1;
    else high = middle;
  }
  return low;
}
