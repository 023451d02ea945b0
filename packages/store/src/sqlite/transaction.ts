import { type Change, type Kind, type RowOf, timeToText } from '@openvnet/model';
import { type AnyRow, type Cell, tables } from '../columns.ts';
import type { Values } from '../reader.ts';
import type { Numbers } from '../runs.ts';
import { type Touched, type Transaction, UniqueError } from '../store.ts';
import type { Database, Prepared } from './database.ts';
import type { HeldNumbers } from './held-numbers.ts';
import { HeldRows } from './held-rows.ts';
import type { History } from './history.ts';
import { SqliteReader } from './reader.ts';
import type { Rows } from './rows.ts';

type Given = Readonly<Record<string, Cell | undefined>>;

interface Entry {
  readonly kind: Kind;
  readonly id: number;
  readonly before: AnyRow | null;
  after: AnyRow | null;
}

/** Writes rows, and records the state of each object before and after. */
export class SqliteTransaction extends SqliteReader implements Transaction {
  readonly #database: Database;
  readonly #held: HeldRows;
  readonly #numbers: HeldNumbers;
  /** In the order in which they were first touched. */
  readonly #touched = new Set<Entry>();
  readonly #entries = new Map<Kind, Map<number, Entry>>();
  readonly #now = timeToText(Date.now());

  constructor(database: Database, rows: Rows, history: History, numbers: HeldNumbers) {
    const held = new HeldRows(rows);
    super(held, history);
    this.#database = database;
    this.#held = held;
    this.#numbers = numbers;
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

  async numbersOf(kind: Kind, column: string, of: readonly [string, number]): Promise<Numbers> {
    this.requireOpen();
    return this.#numbers.numbersOf(this.rows, kind, column, of);
  }

  touched(): Touched[] {
    return [...this.#touched] as unknown as Touched[];
  }

  changes(): Change[] {
    return [...this.#touched].map(({ kind, id, after }) => ({ kind, id, row: after }) as Change);
  }

  #insert(kind: Kind, given: Given): AnyRow {
    const { name, columns } = tables[kind];
    // The id comes first, as in rows that are read.
    const row: Record<string, Cell> & { id: number } = { id: 0 };
    for (const column of columns) row[column.name] = given[column.name] ?? column.initial;
    row.created_at = this.#now;
    row.updated_at = this.#now;
    const statement = this.#database.prepare(`insert ${kind}`, (builder, slot) =>
      builder
        .insertInto(name)
        .values(
          Object.fromEntries(
            [...columns.map((column) => column.name), 'created_at', 'updated_at'].map((column) => [
              column,
              slot(column),
            ]),
          ),
        ),
    );
    row.id = this.#unlessTaken(kind, row, statement);
    return this.#remember(kind, row, null);
  }

  #update(kind: Kind, id: number, given: Given): AnyRow {
    const before = this.rows.one(kind, 'id', id);
    if (!before) throw new RangeError(`no ${kind} has id ${id}`);
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
    this.#unlessTaken(kind, row, statement);
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
    this.#numbers.replace(kind, before, null);
    const known = this.#entries.get(kind)?.get(id);
    if (known?.before === null) this.#forget(known);
    else this.#note({ kind, id, before, after: null });
    return true;
  }

  #remember(kind: Kind, row: AnyRow, before: AnyRow | null): AnyRow {
    this.#held.written(kind, row, before);
    this.#numbers.replace(kind, before, row);
    this.#note({ kind, id: row.id, before, after: row });
    return row;
  }

  /** Records a change of an object. The state before is that of its first change. */
  #note(entry: Entry): void {
    const entries = this.#entries.get(entry.kind) ?? new Map<number, Entry>();
    this.#entries.set(entry.kind, entries);
    const known = entries.get(entry.id);
    if (known) {
      known.after = entry.after;
      return;
    }
    entries.set(entry.id, entry);
    this.#touched.add(entry);
  }

  #forget(entry: Entry): void {
    this.#entries.get(entry.kind)!.delete(entry.id);
    this.#touched.delete(entry);
  }

  /** Writes `row`. If it violates a unique constraint, the error names the other row. */
  #unlessTaken(kind: Kind, row: AnyRow, write: Prepared): number {
    try {
      return write.run(row);
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
