import { kinds } from '@openvnet/model';
import { describe, expect, it } from 'vitest';
import { tables } from './columns.ts';
import { migrate } from './migrations/index.ts';
import { Database } from './sqlite/database.ts';

interface ColumnInfo {
  name: string;
  type: string;
  notnull: number;
  pk: number;
}

const database = new Database(':memory:');
await migrate(database);

const rows = <T>(text: string): T[] =>
  database.prepare(text, () => ({ compile: () => ({ sql: text, parameters: [] }) }) as never).all() as T[];

/** Columns of the indexes of a table; a column that is compared as if null were a value has no name there. */
function indexesOf(table: string, unique: boolean): (string | null)[][] {
  return rows<{ name: string; unique: number }>(`pragma index_list(${table})`)
    .filter((index) => (index.unique === 1) === unique)
    .map(({ name }) => rows<{ name: string | null }>(`pragma index_info(${name})`).map((column) => column.name));
}

describe.each(kinds)('the table of %s', (kind) => {
  const table = tables[kind];

  it('has the declared columns, types and nulls', () => {
    const found = rows<ColumnInfo>(`pragma table_info(${table.name})`);
    const ofDeclaration = table.columns.map(({ name, type, nullable }) => ({
      name,
      type: type === 'text' ? 'TEXT' : 'INTEGER',
      notnull: nullable ? 0 : 1,
    }));
    const text = { type: 'TEXT', notnull: 1 };
    const byName = (a: { name: string }, b: { name: string }) => (a.name < b.name ? -1 : 1);
    const wanted = [
      { name: 'id', type: 'INTEGER', notnull: 0 },
      ...ofDeclaration,
      { name: 'created_at', ...text },
      { name: 'updated_at', ...text },
    ];
    // A column that a later migration adds comes last.
    expect(found.map(({ name, type, notnull }) => ({ name, type: type.toUpperCase(), notnull })).sort(byName)).toEqual(
      wanted.sort(byName),
    );
  });

  it('is strict and never gives an id twice', () => {
    expect(rows<{ strict: number }>(`select strict from pragma_table_list('${table.name}')`)).toMatchObject([
      { strict: 1 },
    ]);
    const [{ sql }] = rows<{ sql: string }>(`select sql from sqlite_schema where name = '${table.name}'`) as [
      { sql: string },
    ];
    expect(sql).toContain('autoincrement');
  });

  it('keeps apart what is declared to be', () => {
    const nullable = new Set(table.columns.filter((column) => column.nullable).map(({ name }) => name));
    const expected = table.unique.map(([first, ...others]) => [
      first,
      ...others.map((name) => (nullable.has(name) ? null : name)),
    ]);
    expect(indexesOf(table.name, true).sort()).toEqual(expected.sort());
  });

  it('finds what refers to another row without a search', () => {
    const firsts = [...indexesOf(table.name, true), ...indexesOf(table.name, false)].map(([first]) => first);
    const references = table.columns.filter(({ to }) => to);
    for (const { name } of references) expect(firsts).toContain(name);
    const keys = rows<{ from: string; table: string }>(`pragma foreign_key_list(${table.name})`);
    expect(keys.map((key) => [key.from, key.table]).sort()).toEqual(
      references.map(({ name, to }) => [name, tables[to!].name]).sort(),
    );
  });
});

it('is made by migrations that leave a database alone that has them', async () => {
  await expect(migrate(database)).resolves.toBeUndefined();
});
