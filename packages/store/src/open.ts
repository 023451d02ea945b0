import { chmodSync, closeSync, existsSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { migrate, NewerError } from './migrations/index.ts';
import { Database } from './sqlite/database.ts';
import { SqliteStore } from './sqlite/sqlite-store.ts';
import { type Store, StoreError, StoreFault, type StoreOptions } from './store.ts';

/**
 * Opens the store in the file `path`, which is created if it is missing; `memory` keeps the store in this process. Only
 * one process can open the file, and only its user can read it. Throws `StoreError`.
 */
export async function openStore(path: string, options: StoreOptions = {}): Promise<Store> {
  let database: Database | undefined;
  try {
    if (path !== 'memory') makePrivate(path);
    database = new Database(path === 'memory' ? ':memory:' : path);
    const damage = database.damage();
    if (damage !== undefined) throw new Error(damage);
    await migrate(database);
    return new SqliteStore(database, options);
  } catch (cause) {
    try {
      database?.close();
    } catch {
      // Closing a damaged file may fail too; the first error is the useful one.
    }
    throw new StoreError(complaint(path, cause), { cause });
  }
}

/** The additional files of SQLite get the mode of the first file. */
function makePrivate(path: string): void {
  const directory = dirname(path);
  if (!existsSync(directory)) mkdirSync(directory, { recursive: true, mode: 0o700 });
  closeSync(openSync(path, 'a', 0o600));
  chmodSync(path, 0o600);
}

function complaint(path: string, cause: unknown): string {
  const fault = cause instanceof StoreFault ? (cause.cause as Error) : cause;
  const message = fault instanceof Error ? fault.message : String(fault);
  if (/locked|busy/i.test(message)) {
    return `The store ${path} is in use: another process, such as a second manager, has it open.`;
  }
  if (/malformed|not a database|page|tree|row/i.test(message)) {
    const what = message.split('\n').at(-1);
    return `The store ${path} is damaged: ${what}. Restore a backup with: vnmgr restore FILE`;
  }
  if (cause instanceof StoreFault) return `${cause.message}. Use: ${cause.use}`;
  if (cause instanceof NewerError) {
    return `The store ${path} was written by a newer version of this program: ${message}. Install that version again, or restore a backup from before. Use: vnmgr restore FILE`;
  }
  return `The store ${path} cannot be opened: ${message}.`;
}
