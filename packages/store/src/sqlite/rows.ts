import type { Kind } from '@openvnet/model';
import { type ExpressionBuilder, sql } from 'kysely';
import { type AnyRow, type Cell, tables } from '../columns.ts';
import type { Page } from '../reader.ts';
import type { AnyTables, Database } from './database.ts';

/** Reads rows as the model declares them, in order of their ids. */
export interface RowSource {
  one(kind: Kind, column: 'id' | 'uuid', value: string | number): AnyRow | undefined;
  find(kind: Kind, where: object, page?: Page): AnyRow[];
  count(kind: Kind, where: object): number;
}

/** The rows of the database. */
export class Rows implements RowSource {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  one(kind: Kind, column: 'id' | 'uuid', value: string | number): AnyRow | undefined {
    const statement = this.#database.prepare(`one ${kind} ${column}`, (builder, slot) =>
      builder.selectFrom(tables[kind].name).selectAll().where(column, '=', slot('value')),
    );
    const row = statement.one({ value });
    return row && fromDatabase(kind, row);
  }

  find(kind: Kind, where: object, { limit = -1, offset = 0 }: Page = {}): AnyRow[] {
    const conditions = conditionsOf(where);
    if (conditions.some(({ test }) => test === 'never')) return [];
    const statement = this.#database.prepare(`find ${kind} ${shapeOf(conditions)}`, (builder, slot) =>
      builder
        .selectFrom(tables[kind].name)
        .selectAll()
        .where(matching(conditions, slot))
        .orderBy('id')
        .limit(slot('limit'))
        .offset(slot('offset')),
    );
    return statement.all({ ...boundTo(conditions), limit, offset }).map((row) => fromDatabase(kind, row));
  }

  count(kind: Kind, where: object): number {
    const conditions = conditionsOf(where);
    if (conditions.some(({ test }) => test === 'never')) return 0;
    const statement = this.#database.prepare(`count ${kind} ${shapeOf(conditions)}`, (builder, slot) =>
      builder
        .selectFrom(tables[kind].name)
        .select((ask) => ask.fn.countAll<number>().as('total'))
        .where(matching(conditions, slot)),
    );
    return (statement.one(boundTo(conditions)) as { total: number }).total;
  }

  /** An upper bound of the number of rows of the table. */
  highestId(kind: Kind): number {
    const statement = this.#database.prepare(`highest ${kind}`, (builder) =>
      builder.selectFrom(tables[kind].name).select((ask) => ask.fn.max<number | null>('id').as('id')),
    );
    return (statement.one() as { id: number | null }).id ?? 0;
  }
}

/** Converts a row of the database to a row of the model, in place. */
function fromDatabase(kind: Kind, row: object): AnyRow {
  const cells = row as Record<string, Cell>;
  for (const name of tables[kind].booleans) if (cells[name] !== null) cells[name] = cells[name] === 1;
  return cells as AnyRow;
}

/** The condition on a column: null, one value, one of several values as a JSON list, or never true. */
interface Condition {
  readonly column: string;
  readonly test: 'null' | 'one' | 'several' | 'never';
  readonly value: Cell;
}

function conditionsOf(where: object): Condition[] {
  return Object.entries(where).map(([column, given]: [string, Cell | readonly Cell[]]) => {
    const values = Array.isArray(given) ? (given as Cell[]) : [given as Cell];
    if (values.length === 0) return { column, test: 'never', value: null };
    const [value = null] = values;
    if (values.length === 1) return { column, test: value === null ? 'null' : 'one', value };
    return { column, test: 'several', value: JSON.stringify(values) };
  });
}

/** Conditions of one shape (the same columns compared in the same way) share a prepared statement. */
function shapeOf(conditions: readonly Condition[]): string {
  return conditions.map(({ column, test }) => `${column} ${test}`).join();
}

function boundTo(conditions: readonly Condition[]): Record<string, Cell> {
  return Object.fromEntries(conditions.map(({ column, value }) => [column, value]));
}

function matching(conditions: readonly Condition[], slot: (name: string) => never) {
  return (ask: ExpressionBuilder<AnyTables, string>) =>
    ask.and(
      conditions.map(({ column, test }) => {
        if (test === 'null') return ask(column, 'is', null);
        if (test === 'one') return ask(column, '=', slot(column));
        return ask(column, 'in', sql<number>`(select value from json_each(${slot(column)}))`);
      }),
    );
}
