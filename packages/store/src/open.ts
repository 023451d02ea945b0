import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { migrate } from './migrations/index.ts';
import { Database } from './sqlite/database.ts';
import { SqliteStore } from './sqlite/sqlite-store.ts';
import { type Store, StoreError, type StoreOptions } from './store.ts';

/**
 * Opens the store in the file `path`, which is made where there is none; `memory` keeps it in this process alone. One
 * process has the file. Throws `StoreError`.
 */
export async function openStore(path: string, options: StoreOptions = {}): Promise<Store> {
  let database: Database | undefined;
  try {
    if (path !== 'memory') mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    database = new Database(path === 'memory' ? ':memory:' : path);
    await migrate(database);
    return new SqliteStore(database, options);
  } catch (cause) {
    database?.close();
    throw new StoreError(complaint(path, cause), { cause });
  }
}

function complaint(path: string, cause: unknown): string {
  const message = cause instanceof Error ? cause.message : String(cause);
  if (/locked|busy/i.test(message)) {
    return `The store ${path} is in use: another process, such as a second manager, has it open.`;
  }
  return `The store ${path} cannot be opened: ${message}.`;
}
