import { type Change, type Kind, type RowOf, timeToText } from '@openvnet/model';
import { type AnyRow, type Cell, tables } from '../columns.ts';
import type { Values } from '../reader.ts';
import { type Touched, type Transaction, UniqueError } from '../store.ts';
import type { Database } from './database.ts';
import { HeldRows } from './held-rows.ts';
import type { History } from './history.ts';
import { SqliteReader } from './reader.ts';
import type { Rows } from './rows.ts';

type Given = Readonly<Record<string, Cell | undefined>>;

/** Writes rows, and remembers of each object how it was before and what it is now. */
export class SqliteTransaction extends SqliteReader implements Transaction {
  readonly #database: Database;
  readonly #held: HeldRows;
  readonly #touched = new Map<string, { kind: Kind; id: number; before: AnyRow | null; row: AnyRow | null }>();
  readonly #now = timeToText(Date.now());

  constructor(database: Database, rows: Rows, history: History) {
    const held = new HeldRows(rows);
    super(held, history);
    this.#database = database;
    this.#held = held;
  }

  async insert<K extends Kind>(kind: K, values: Values<K>): Promise<RowOf<K>> {
    this.requireOpen();
    return this.#insert(kind, values as Given) as unknown as RowOf<K>;
  }

  async update<K extends Kind>(kind: K, id: number, values: Partial<Values<K>>): Promise<RowOf<K>> {
    this.requireOpen();
    return this.#update(kind, id, values as Given) as unknown as RowOf<K>;
  }

  async remove(kind: Kind, id: number): Promise<boolean> {
    this.requireOpen();
    return this.#remove(kind, id);
  }

  touched(): Touched[] {
    return [...this.#touched.values()].map(({ kind, before, row }) => ({ kind, before, after: row }) as Touched);
  }

  changes(): Change[] {
    return [...this.#touched.values()].map(({ kind, id, row }) => ({ kind, id, row }) as Change);
  }

  #insert(kind: Kind, given: Given): AnyRow {
    const { name, columns } = tables[kind];
    const cells: Record<string, Cell> = {};
    for (const column of columns) cells[column.name] = given[column.name] ?? column.initial;
    cells.created_at = this.#now;
    cells.updated_at = this.#now;
    const statement = this.#database.prepare(`insert ${kind}`, (builder, slot) =>
      builder.insertInto(name).values(Object.fromEntries(Object.keys(cells).map((column) => [column, slot(column)]))),
    );
    const id = this.#unlessTaken(kind, cells, () => statement.run(cells));
    return this.#remember(kind, { id, ...cells }, null);
  }

  #update(kind: Kind, id: number, given: Given): AnyRow {
    const before = this.rows.one(kind, 'id', id);
    if (!before) throw new RangeError(`there is no ${kind} with id ${id}`);
    const names = Object.keys(given).filter((name) => given[name] !== undefined && given[name] !== before[name]);
    if (names.length === 0) return before;
    const row: Record<string, Cell> & { id: number } = { ...before, updated_at: this.#now };
    for (const name of names) row[name] = given[name]!;
    const statement = this.#database.prepare(`update ${kind} ${names.join()}`, (builder, slot) =>
      builder
        .updateTable(tables[kind].name)
        .set(Object.fromEntries([...names, 'updated_at'].map((column) => [column, slot(column)])))
        .where('id', '=', slot('id')),
    );
    this.#unlessTaken(kind, row, () => statement.run(row));
    return this.#remember(kind, row, before);
  }

  #remove(kind: Kind, id: number): boolean {
    const before = this.rows.one(kind, 'id', id);
    if (!before) return false;
    for (const { kind: other, column } of tables[kind].referrers) {
      for (const row of this.rows.find(other, { [column]: id })) this.#remove(other, row.id);
    }
    const statement = this.#database.prepare(`delete ${kind}`, (builder, slot) =>
      builder.deleteFrom(tables[kind].name).where('id', '=', slot('id')),
    );
    statement.run({ id });
    this.#held.removed(kind, before);
    const key = `${kind} ${id}`;
    const known = this.#touched.get(key);
    if (known?.before === null) this.#touched.delete(key);
    else this.#touched.set(key, { kind, id, before: known?.before ?? before, row: null });
    return true;
  }

  #remember(kind: Kind, row: AnyRow, before: AnyRow | null): AnyRow {
    this.#held.written(kind, row, before);
    const key = `${kind} ${row.id}`;
    const known = this.#touched.get(key);
    this.#touched.set(key, { kind, id: row.id, before: known ? known.before : before, row });
    return row;
  }

  /** Does `write`; where the database refuses it, because another row has what no two may have, names that row. */
  #unlessTaken<T>(kind: Kind, row: Given, write: () => T): T {
    try {
      return write();
    } catch (error) {
      for (const columns of tables[kind].unique) {
        const values = columns.map((name) => row[name] ?? null);
        if (values[0] === null) continue;
        const where = Object.fromEntries(columns.map((name, i) => [name, values[i]]));
        const holder = this.rows.find(kind, where).find(({ id }) => id !== row.id);
        if (holder) throw new UniqueError(kind, columns, values, holder);
      }
      throw error;
    }
  }
}
