import type { Kind, RowOf } from '@openvnet/model';
import { type ExpressionBuilder, sql } from 'kysely';
import { type AnyRow, type Cell, tables } from './columns.ts';
import type { AnyTables, Sqlite } from './sqlite.ts';

/** What a new row holds; columns that may be null may be left out. */
export type Values<K extends Kind> = { uuid?: string } & Required_<RowOf<K>> & Optional_<RowOf<K>>;
type Own<R> = Omit<R, 'id' | 'uuid' | 'created_at' | 'updated_at'>;
type Required_<R> = { [C in keyof Own<R> as null extends Own<R>[C] ? never : C]: Own<R>[C] };
type Optional_<R> = { [C in keyof Own<R> as null extends Own<R>[C] ? C : never]?: Own<R>[C] };

/** Columns with the value they must have, or with several of which one must be there. Null equals null. */
export type Where<K extends Kind> = { readonly [C in keyof RowOf<K>]?: RowOf<K>[C] | readonly RowOf<K>[C][] };

/** Reads rows as `Row` of the model has them, in order of their ids. */
export interface Reader {
  get<K extends Kind>(kind: K, id: number): RowOf<K> | undefined;
  byUuid<K extends Kind>(kind: K, uuid: string): RowOf<K> | undefined;
  find<K extends Kind>(kind: K, where: Where<K>, page?: { limit?: number; offset?: number }): RowOf<K>[];
  count<K extends Kind>(kind: K, where?: Where<K>): number;
}

export function readerOf(sqlite: Sqlite): Reader {
  return {
    get: (kind, id) => first(kind, { id }) as never,
    byUuid: (kind, uuid) => first(kind, { uuid }) as never,
    find: (kind, where, { limit = -1, offset = 0 } = {}) => select(kind, where, limit, offset) as never[],
    count: (kind, where = {}) => {
      const { shape, values } = condition(where);
      const row = sqlite.one(
        `count ${kind} ${shape}`,
        (builder) =>
          builder
            .selectFrom(tables[kind].name)
            .select((ask) => ask.fn.countAll<number>().as('total'))
            .where(matching(where)),
        values,
      );
      return (row as { total: number }).total;
    },
  };

  function first(kind: Kind, where: object): AnyRow | undefined {
    return select(kind, where, 1, 0)[0];
  }

  function select(kind: Kind, where: object, limit: number, offset: number): AnyRow[] {
    const { shape, values } = condition(where);
    const found = sqlite.all(
      `select ${kind} ${shape}`,
      (builder) =>
        builder
          .selectFrom(tables[kind].name)
          .selectAll()
          .where(matching(where))
          .orderBy('id')
          .limit(limit)
          .offset(offset),
      [...values, limit, offset],
    );
    return found.map((row) => fromDatabase(kind, row));
  }
}

/** A row of the database as the model has it. */
export function fromDatabase(kind: Kind, row: object): AnyRow {
  const plain: Record<string, Cell> = { ...row };
  for (const name of tables[kind].booleans) if (plain[name] !== null) plain[name] = plain[name] === 1;
  return plain as AnyRow;
}

/** A value as the database keeps it. */
export function toDatabase(value: Cell): string | number | null {
  return typeof value === 'boolean' ? Number(value) : value;
}

/** Statements are alike where they ask for the same columns in the same way, whatever the values. */
function condition(where: object): { shape: string; values: (string | number | null)[] } {
  const asked = Object.entries(where) as [string, Cell | readonly Cell[]][];
  return {
    shape: asked.map(([column, value]) => (Array.isArray(value) ? `${column}[]` : column)).join(),
    values: asked.map(([, value]) => (isList(value) ? JSON.stringify(value.map(toDatabase)) : toDatabase(value))),
  };
}

function matching(where: object) {
  return (ask: ExpressionBuilder<AnyTables, string>) =>
    ask.and(
      (Object.entries(where) as [string, Cell | readonly Cell[]][]).map(([column, value]) =>
        isList(value)
          ? ask(column, 'in', sql<number>`(select value from json_each(${''}))`)
          : ask(column, 'is not distinct from', 0),
      ),
    );
}

function isList(value: Cell | readonly Cell[]): value is readonly Cell[] {
  return Array.isArray(value);
}
