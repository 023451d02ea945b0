import { type CreateTableBuilder, type Kysely, sql } from 'kysely';
import type { AnyTables } from '../sqlite/database.ts';

type Builder = CreateTableBuilder<string, string>;

/** A table of objects: an id that is never reused, the columns from `add`, and times. It has a uuid by default. */
export async function createTable(
  db: Kysely<AnyTables>,
  name: string,
  add: (table: Builder) => Builder,
  { uuid = true }: { uuid?: boolean } = {},
): Promise<void> {
  const start = db.schema.createTable(name).addColumn('id', 'integer', (id) => id.primaryKey().autoIncrement());
  await add(uuid ? start.addColumn('uuid', 'text', (column) => column.notNull().unique()) : start)
    .addColumn('created_at', 'text', (column) => column.notNull())
    .addColumn('updated_at', 'text', (column) => column.notNull())
    .modifyEnd(sql`strict`)
    .execute();
}

/** Shorthand for columns: `text('a?')` may be null, `refer('network_id', 'networks')` holds an id. */
export const column = {
  text: (name: string) => (table: Builder) => plain(table, name, 'text'),
  integer: (name: string) => (table: Builder) => plain(table, name, 'integer'),
  boolean: (name: string) => (table: Builder) =>
    table.addColumn(bare(name), 'integer', (made) =>
      (name.endsWith('?') ? made : made.notNull()).check(sql`${sql.ref(bare(name))} in (0, 1)`),
    ),
  refer: (name: string, to: string) => (table: Builder) =>
    table.addColumn(bare(name), 'integer', (made) =>
      (name.endsWith('?') ? made : made.notNull()).references(`${to}.id`),
    ),
};

/** All of `columns`, in order. */
export function columns(...made: ((table: Builder) => Builder)[]): (table: Builder) => Builder {
  return (table) => made.reduce((so, add) => add(so), table);
}

/** An index on `names`. A nullable column is written with a question mark; its nulls are left out of the index. */
export async function createIndex(db: Kysely<AnyTables>, table: string, ...names: string[]): Promise<void> {
  const index = db.schema
    .createIndex(`${table}_by_${names.map(bare).join('_and_')}`)
    .on(table)
    .columns(names.map(bare));
  const nullable = names.filter((name) => name.endsWith('?'));
  await nullable.reduce((so, name) => so.where(sql.ref(bare(name)), 'is not', null), index).execute();
}

/**
 * A unique constraint on `names`. A row whose first column is null conflicts with none. Nullable later columns are ids and
 * written with a question mark; two nulls are equal.
 */
export async function createUnique(db: Kysely<AnyTables>, table: string, ...names: string[]): Promise<void> {
  await db.schema
    .createIndex(`${table}_unique_${names.map(bare).join('_and_')}`)
    .unique()
    .on(table)
    .columns(names.map((name) => (name.endsWith('?') ? sql`ifnull(${sql.ref(bare(name))}, 0)` : name)))
    .execute();
}

function plain(table: Builder, name: string, type: 'text' | 'integer'): Builder {
  return table.addColumn(bare(name), type, (made) => (name.endsWith('?') ? made : made.notNull()));
}

function bare(name: string): string {
  return name.replace('?', '');
}
