import { type Change, type Kind, type RowOf, timeToText } from '@openvnet/model';
import { type AnyRow, type Cell, tables } from './columns.ts';
import { fromDatabase, type Reader, toDatabase, type Values } from './reader.ts';
import type { Sqlite } from './sqlite.ts';

/** What a change may do. Reads see what it has written so far. */
export interface Transaction extends Reader {
  /** Makes a row, with the declared defaults for what is left out. Throws `UniqueError`. */
  insert<K extends Kind>(kind: K, values: Values<K>): RowOf<K>;
  /** Changes columns of a row that exists; equal values are no change. Throws `UniqueError`. */
  update<K extends Kind>(kind: K, id: number, values: Partial<Values<K>>): RowOf<K>;
  /** Removes a row and, first, every row that refers to it. Whether it was there. */
  remove(kind: Kind, id: number): boolean;
}

/** What a transaction has done to an object so far; null stands for its absence. */
export type Touched = {
  [K in Kind]: { readonly kind: K; readonly before: RowOf<K> | null; readonly after: RowOf<K> | null };
}[Kind];

/** A row would share with another what no two rows may share. */
export class UniqueError extends Error {
  override readonly name = 'UniqueError';
  readonly kind: Kind;
  readonly columns: readonly string[];
  readonly values: readonly Cell[];
  /** The row that has the values. */
  readonly holder: AnyRow;

  constructor(kind: Kind, columns: readonly string[], values: readonly Cell[], holder: AnyRow) {
    super(`${kind} with ${columns.map((name, i) => `${name} ${values[i]}`).join(', ')} exists: id ${holder.id}`);
    this.kind = kind;
    this.columns = columns;
    this.values = values;
    this.holder = holder;
  }
}

/** A transaction, and what it has changed: one entry for each object, as it was and in its final state. */
export function transactionOn(
  sqlite: Sqlite,
  reader: Reader,
): { tx: Transaction; changes: () => Change[]; touched: () => Touched[] } {
  const touched = new Map<string, { kind: Kind; id: number; before: AnyRow | null; row: AnyRow | null }>();
  const now = timeToText(Date.now());

  const tx = {
    ...reader,
    insert(kind: Kind, given: Readonly<Record<string, Cell | undefined>>): AnyRow {
      const { name, columns } = tables[kind];
      const cells = columns.map((column) => given[column.name] ?? column.initial);
      refuseTaken(kind, Object.fromEntries(columns.map((column, i) => [column.name, cells[i] ?? null])));
      const names = [...columns.map((column) => column.name), 'created_at', 'updated_at'];
      const made = sqlite.one(
        `insert ${kind}`,
        (builder) =>
          builder
            .insertInto(name)
            .values(Object.fromEntries(names.map((column) => [column, ''])))
            .returningAll(),
        [...cells.map(toDatabase), now, now],
      );
      return remember(kind, fromDatabase(kind, made!), null);
    },
    update(kind: Kind, id: number, given: Readonly<Record<string, Cell | undefined>>): AnyRow {
      const before: AnyRow | undefined = reader.get(kind, id);
      if (!before) throw new RangeError(`there is no ${kind} with id ${id}`);
      const names = Object.keys(given).filter((name) => given[name] !== undefined && given[name] !== before[name]);
      if (names.length === 0) return before;
      refuseTaken(kind, { ...before, ...given });
      const changed = sqlite.one(
        `update ${kind} ${names.join()}`,
        (builder) =>
          builder
            .updateTable(tables[kind].name)
            .set(Object.fromEntries([...names, 'updated_at'].map((column) => [column, ''])))
            .where('id', '=', 0)
            .returningAll(),
        [...names.map((name) => toDatabase(given[name]!)), now, id],
      );
      return remember(kind, fromDatabase(kind, changed!), before);
    },
    remove(kind: Kind, id: number): boolean {
      const before: AnyRow | undefined = reader.get(kind, id);
      if (!before) return false;
      for (const { kind: other, column } of tables[kind].referrers) {
        for (const row of reader.find(other, { [column]: id })) tx.remove(other, row.id);
      }
      sqlite.run(`delete ${kind}`, (builder) => builder.deleteFrom(tables[kind].name).where('id', '=', 0), [id]);
      const key = `${kind} ${id}`;
      const known = touched.get(key);
      if (known?.before === null) touched.delete(key);
      else touched.set(key, { kind, id, before: known?.before ?? before, row: null });
      return true;
    },
  };

  function remember(kind: Kind, row: AnyRow, before: AnyRow | null): AnyRow {
    const key = `${kind} ${row.id}`;
    const known = touched.get(key);
    touched.set(key, { kind, id: row.id, before: known ? known.before : before, row });
    return row;
  }

  function refuseTaken(kind: Kind, row: Readonly<Record<string, Cell | undefined>>): void {
    for (const columns of tables[kind].unique) {
      const values = columns.map((name) => row[name] ?? null);
      if (values[0] === null) continue;
      const where = Object.fromEntries(columns.map((name, i) => [name, values[i]]));
      const holder = reader.find(kind, where).find(({ id }) => id !== row.id);
      if (holder) throw new UniqueError(kind, columns, values, holder);
    }
  }

  return {
    tx: tx as unknown as Transaction,
    changes: () => [...touched.values()].map(({ kind, id, row }) => ({ kind, id, row }) as Change),
    touched: () => [...touched.values()].map(({ kind, before, row }) => ({ kind, before, after: row }) as Touched),
  };
}
