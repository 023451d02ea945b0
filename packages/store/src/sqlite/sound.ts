import { DatabaseSync } from 'node:sqlite';
import { StoreError } from '../store.ts';

/** Throws `StoreError` if the file is not a store or is damaged. It opens the file read-only. */
export function requireSound(path: string): void {
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(path, { readOnly: true });
    const [{ quick_check: found }] = database.prepare('pragma quick_check(1)').all() as [{ quick_check: string }];
    if (found !== 'ok') throw new Error(found.split('\n').at(-1));
    database.prepare('select id, revision from store').get();
  } catch (cause) {
    throw new StoreError(`${path} is not a store, or is damaged: ${(cause as Error).message}.`, { cause });
  } finally {
    database?.close();
  }
}
