import { mkdtempDisposableSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Kind, kinds } from '@openvnet/model';
import { expect, it } from 'vitest';
import { tables } from '../columns.ts';
import { openStore } from '../index.ts';
import { Database } from '../sqlite/database.ts';
import { migrate, migrations } from './index.ts';

interface ColumnInfo {
  readonly name: string;
  readonly type: string;
  readonly pk: number;
}

function rows(database: Database, sql: string): Record<string, unknown>[] {
  const statement = database.prepare(sql, () => ({ compile: () => ({ sql, parameters: [] }) }) as never);
  return statement.all() as Record<string, unknown>[];
}

function tablesOf(database: Database): string[] {
  const found = rows(database, "select name from sqlite_schema where type = 'table' order by name");
  return found.map(({ name }) => String(name)).filter((name) => !/^(sqlite|kysely)_/.test(name));
}

/** Puts one row into every table: each number is 1, so that every reference refers to the one row that is there. */
function fill(database: Database): void {
  database.begin();
  rows(database, 'pragma defer_foreign_keys = on');
  for (const table of tablesOf(database)) {
    const columns = rows(database, `pragma table_info(${table})`) as unknown as ColumnInfo[];
    const values = columns.map(({ name, type }) => (type.toLowerCase() === 'text' ? `'${name} of ${table}'` : '1'));
    const names = columns.map(({ name }) => `"${name}"`);
    rows(database, `insert into ${table} (${names.join()}) values (${values.join()})`);
  }
  rows(database, "update object_revisions set kind = 'network', removed = 0");
  database.commit();
}

it.each(Object.keys(migrations).filter((name) => name < '006'))(
  'keep every row of a store as it was after %s, and know when each object last changed',
  async (name) => {
    using directory = mkdtempDisposableSync(join(tmpdir(), 'openvnet-store-'));
    const path = join(directory.path, 'store.db');
    const database = new Database(path);
    await migrate(database, name);
    fill(database);
    const filled = new Set(tablesOf(database));
    const before = new Map([...filled].map((table) => [table, rows(database, `select * from ${table}`)]));
    database.close();

    await using store = await openStore(path);
    const known: Kind[] = kinds.filter((kind) => filled.has(tables[kind].name));
    expect(known.length).toBeGreaterThan(10);
    for (const kind of known) {
      const [row] = before.get(tables[kind].name)!;
      for (const flag of tables[kind].booleans) if (flag in row!) row![flag] = true;
      expect(await store.find(kind, {}), kind).toMatchObject([row]);
    }
    expect(store.id).toBe('id of store');
    expect(store.revision).toBe(1);
    expect(await store.revisionsOf('network', [1])).toEqual(new Map([[1, 1]]));
    const unknown = { author: '', time: null, request: null, message: null, before: null, after: null };
    expect(await store.log({ kind: 'network', id: 1 })).toEqual([
      { revision: 1, kind: 'network', id: 1, removed: false, ...unknown },
    ]);
    const by = { author: 'ann', request: null, message: null };
    await store.transaction(by, (tx) => tx.update('network', 1, { display_name: 'new' }));
    expect(await store.log({ kind: 'network', id: 1 })).toMatchObject([
      { revision: 2, author: 'ann', before: { display_name: 'display_name of networks' } },
      { revision: 1 },
    ]);
  },
);
