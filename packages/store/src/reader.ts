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
    get: (kind, id) => one(kind, 'id', id) as never,
    byUuid: (kind, uuid) => one(kind, 'uuid', uuid) as never,
    find: (kind, where, { limit = -1, offset = 0 } = {}) => {
      const conditions = conditionsOf(where);
      if (conditions.some(({ values }) => values.length === 0)) return [];
      const found = sqlite.all(
        `select ${kind} ${shapeOf(conditions)}`,
        (builder) =>
          builder
            .selectFrom(tables[kind].name)
            .selectAll()
            .where(matching(conditions))
            .orderBy('id')
            .limit(limit)
            .offset(offset),
        [...boundTo(conditions), limit, offset],
      );
      return found.map((row) => fromDatabase(kind, row)) as never[];
    },
    count: (kind, where = {}) => {
      const conditions = conditionsOf(where);
      if (conditions.some(({ values }) => values.length === 0)) return 0;
      const row = sqlite.one(
        `count ${kind} ${shapeOf(conditions)}`,
        (builder) =>
          builder
            .selectFrom(tables[kind].name)
            .select((ask) => ask.fn.countAll<number>().as('total'))
            .where(matching(conditions)),
        boundTo(conditions),
      );
      return (row as { total: number }).total;
    },
  };

  function one(kind: Kind, column: 'id' | 'uuid', value: string | number): AnyRow | undefined {
    const row = sqlite.one(
      `one ${kind} ${column}`,
      (builder) => builder.selectFrom(tables[kind].name).selectAll().where(column, '=', value),
      [value],
    );
    return row && fromDatabase(kind, row);
  }
}

/** A row of the database, which becomes one as the model has it. */
export function fromDatabase(kind: Kind, row: object): AnyRow {
  const cells = row as Record<string, Cell>;
  for (const name of tables[kind].booleans) if (cells[name] !== null) cells[name] = cells[name] === 1;
  return cells as AnyRow;
}

/** A value as the database keeps it. */
export function toDatabase(value: Cell): string | number | null {
  return typeof value === 'boolean' ? Number(value) : value;
}

/** A column with the values of which it must have one. */
interface Condition {
  readonly column: string;
  readonly values: readonly (string | number | null)[];
  readonly test: 'null' | 'one' | 'several';
}

function conditionsOf(where: object): Condition[] {
  return Object.entries(where).map(([column, given]: [string, Cell | readonly Cell[]]) => {
    const values = (Array.isArray(given) ? given : [given]).map(toDatabase);
    return { column, values, test: values.length > 1 ? 'several' : values[0] === null ? 'null' : 'one' };
  });
}

/** Statements are alike where they ask for the same columns in the same way, whatever the values. */
function shapeOf(conditions: readonly Condition[]): string {
  return conditions.map(({ column, test }) => `${column} ${test}`).join();
}

function boundTo(conditions: readonly Condition[]): (string | number | null)[] {
  return conditions
    .filter(({ test }) => test !== 'null')
    .map(({ test, values }) => (test === 'several' ? JSON.stringify(values) : values[0]!));
}

function matching(conditions: readonly Condition[]) {
  return (ask: ExpressionBuilder<AnyTables, string>) =>
    ask.and(
      conditions.map(({ column, test }) => {
        if (test === 'null') return ask(column, 'is', null);
        if (test === 'one') return ask(column, '=', 0);
        return ask(column, 'in', sql<number>`(select value from json_each(${''}))`);
      }),
    );
}
