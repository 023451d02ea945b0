import { type Column, type Row, type TableName, tables } from './columns.ts';
import { OvsdbError } from './error.ts';

type WireRow = Readonly<Record<string, unknown>>;
type RowMaps = { [T in TableName]: Map<string, Row<T>> };

/** One row that an update touched. */
export type Touched = {
  [T in TableName]: {
    table: T;
    uuid: string;
    /** The row as it is now; if `gone`, as it was last. */
    row: Row<T>;
    gone: boolean;
    /** The columns of a `modify` as the wire gave them; `undefined` if the whole row is new or gone. */
    difference: WireRow | undefined;
  };
}[TableName];

/** The monitored rows by uuid, as initial contents and `update2` notifications leave them. ovsdb-server(7), 4.1.14. */
export class Rows {
  readonly tables = Object.fromEntries(Object.keys(tables).map((table) => [table, new Map()])) as unknown as RowMaps;

  /**
   * Applies a batch and calls `touch` for each of its rows, in order. Throws `OvsdbError` for a batch that cannot be
   * read; the rows are then unusable. Columns that the server lost in a restart are taken from `last`, the rows of the
   * previous connection.
   */
  apply(updates: unknown, touch: (touched: Touched) => void, last?: Rows): void {
    for (const [table, rows] of Object.entries(object(updates, 'an update'))) {
      if (!Object.hasOwn(tables, table))
        throw new OvsdbError(`unreadable: an update of ${table}, which is not monitored`);
      for (const [uuid, update] of Object.entries(object(rows, table))) {
        touch(this.#update(table as TableName, uuid, object(update, uuid), last?.tables[table as TableName].get(uuid)));
      }
    }
  }

  #update(table: TableName, uuid: string, update: WireRow, last: object | undefined): Touched {
    const rows: Map<string, unknown> = this.tables[table];
    const columns = tables[table] as unknown as Record<string, Column<unknown>>;
    const touched = (row: unknown, gone = false, difference?: unknown) =>
      ({ table, uuid, row, gone, difference }) as Touched;
    const whole = update.initial ?? update.insert;
    if (whole !== undefined) {
      const row = newRow(columns, object(whole, uuid), last as WireRow | undefined);
      rows.set(uuid, row);
      return touched(row);
    }
    const old = rows.get(uuid);
    if (old === undefined) throw new OvsdbError(`unreadable: an update of ${table} ${uuid}, which is not known`);
    if ('modify' in update) {
      const difference = object(update.modify, uuid);
      const row = modifiedRow(columns, old as Record<string, unknown>, difference);
      rows.set(uuid, row);
      return touched(row, false, difference);
    }
    if (!('delete' in update)) throw new OvsdbError(`unreadable: an update of ${table} ${uuid} without a change`);
    rows.delete(uuid);
    return touched(old, true);
  }
}

function newRow(columns: Record<string, Column<unknown>>, wire: WireRow, last: WireRow | undefined): object {
  const value = (name: string, column: Column<unknown>): unknown => {
    if (Object.hasOwn(wire, name)) return column.read(wire[name]);
    return column.ephemeral && last !== undefined ? last[name] : column.empty();
  };
  return Object.fromEntries(Object.entries(columns).map(([name, column]) => [name, value(name, column)]));
}

function modifiedRow(columns: Record<string, Column<unknown>>, old: WireRow, difference: WireRow): object {
  const changed: Record<string, unknown> = { ...old };
  for (const [name, wire] of Object.entries(difference)) {
    const column = columns[name];
    if (column === undefined) throw new OvsdbError(`unreadable: an update of column ${name}, which is not monitored`);
    changed[name] = column.modify === undefined ? column.read(wire) : column.modify(old[name], wire);
  }
  return changed;
}

function object(wire: unknown, what: string): WireRow {
  if (typeof wire === 'object' && wire !== null && !Array.isArray(wire)) return wire as Record<string, unknown>;
  throw new OvsdbError(`unreadable: an object expected for ${what}`);
}
