import type { Kind } from '@openvnet/model';
import type { AnyRow, Cell } from '../columns.ts';
import type { Page } from '../reader.ts';
import type { RowSource, Rows } from './rows.ts';

/** Number of reads of one kind after which the size of its table is looked up. */
const fewReads = 16;
/** A query takes about as long as reading this many rows at once. */
const rowsPerQuery = 4;

/**
 * The rows as one transaction sees them. A table that the transaction reads repeatedly is loaded once as a whole and held
 * in memory until the transaction ends. Writes go to the database and to this copy, so that reads may use either.
 */
export class HeldRows implements RowSource {
  readonly #rows: Rows;
  readonly #reads = new Map<Kind, { count: number; mostQueries: number }>();
  readonly #tables = new Map<Kind, HeldTable>();

  constructor(rows: Rows) {
    this.#rows = rows;
  }

  one(kind: Kind, column: 'id' | 'uuid', value: string | number): AnyRow | undefined {
    const table = this.#tableOf(kind);
    if (!table) return this.#rows.one(kind, column, value);
    return column === 'id' ? table.byId(value as number) : table.byUuid(value as string);
  }

  find(kind: Kind, where: object, page: Page = {}): AnyRow[] {
    const found = this.#tableOf(kind)?.find(where);
    if (!found) return this.#rows.find(kind, where, page);
    const { limit = found.length, offset = 0 } = page;
    return found.length <= limit && offset === 0 ? found : found.slice(offset, offset + limit);
  }

  count(kind: Kind, where: object): number {
    return this.#tableOf(kind)?.find(where)?.length ?? this.#rows.count(kind, where);
  }

  /** Records a write. `before` is the row before it, if the row existed. */
  written(kind: Kind, row: AnyRow, before: AnyRow | null): void {
    this.#tables.get(kind)?.replace(before, row);
  }

  removed(kind: Kind, row: AnyRow): void {
    this.#tables.get(kind)?.replace(row, null);
  }

  #tableOf(kind: Kind): HeldTable | undefined {
    const table = this.#tables.get(kind);
    if (table) return table;
    const reads = this.#reads.get(kind) ?? { count: 0, mostQueries: fewReads };
    this.#reads.set(kind, reads);
    reads.count++;
    if (reads.count < reads.mostQueries) return undefined;
    if (reads.mostQueries === fewReads) reads.mostQueries += Math.ceil(this.#rows.highestId(kind) / rowsPerQuery);
    if (reads.count < reads.mostQueries) return undefined;
    const made = new HeldTable(this.#rows.find(kind, {}));
    this.#tables.set(kind, made);
    return made;
  }
}

/** The ids of the rows with a key; most keys belong to one row. */
type Ids = number | Set<number>;

interface Index {
  readonly columns: readonly string[];
  readonly ids: Map<Cell, Ids>;
}

/** All rows of one kind, found by any of their columns. An index is built on first use. */
class HeldTable {
  readonly #rows = new Map<number, AnyRow>();
  readonly #indexes = new Map<string, Index>();

  constructor(rows: readonly AnyRow[]) {
    for (const row of rows) this.#rows.set(row.id, row);
  }

  byId(id: number): AnyRow | undefined {
    return this.#rows.get(id);
  }

  byUuid(uuid: string): AnyRow | undefined {
    const id = this.#indexOf(['uuid']).ids.get(uuid);
    return typeof id === 'number' ? this.#rows.get(id) : undefined;
  }

  /** The rows with these values, in order of their ids; undefined if a column has several alternatives. */
  find(where: object): AnyRow[] | undefined {
    const wanted = where as Readonly<Record<string, Cell>>;
    const columns = Object.keys(wanted);
    if (columns.some((name) => typeof wanted[name] === 'object' && wanted[name] !== null)) return undefined;
    const ids = this.#indexOf(columns).ids.get(keyOf(columns, wanted));
    if (ids === undefined) return [];
    const sorted = typeof ids === 'number' ? [ids] : [...ids].sort((a, b) => a - b);
    const found = sorted.map((id) => this.#rows.get(id)!);
    if (columns.length === 1) return found;
    return found.filter((row) => columns.every((name) => row[name] === (wanted[name] ?? null)));
  }

  /** Replaces the row `before` by `after`; null means that there is no row. */
  replace(before: AnyRow | null, after: AnyRow | null): void {
    for (const { columns, ids } of this.#indexes.values()) {
      if (before) forget(ids, keyOf(columns, before), before.id);
      if (after) add(ids, keyOf(columns, after), after.id);
    }
    if (after) this.#rows.set(after.id, after);
    else if (before) this.#rows.delete(before.id);
  }

  #indexOf(columns: readonly string[]): Index {
    const name = columns.join();
    let index = this.#indexes.get(name);
    if (!index) {
      index = { columns, ids: new Map() };
      for (const row of this.#rows.values()) add(index.ids, keyOf(columns, row), row.id);
      this.#indexes.set(name, index);
    }
    return index;
  }
}

/** Rows with different values may share a key, because the rows found are compared afterwards. */
function keyOf(columns: readonly string[], row: Readonly<Record<string, Cell>>): Cell {
  if (columns.length === 1) return row[columns[0]!] ?? null;
  let key = '';
  for (const name of columns) key += `${row[name] ?? null},`;
  return key;
}

function add(ids: Map<Cell, Ids>, key: Cell, id: number): void {
  const there = ids.get(key);
  if (there === undefined) ids.set(key, id);
  else if (typeof there !== 'number') there.add(id);
  else if (there !== id) ids.set(key, new Set([there, id]));
}

function forget(ids: Map<Cell, Ids>, key: Cell, id: number): void {
  const there = ids.get(key);
  if (typeof there !== 'number') there?.delete(id);
  else if (there === id) ids.delete(key);
}
