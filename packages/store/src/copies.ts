/** Copies of a store that no process has open. */
import { closeSync, copyFileSync, existsSync, fsyncSync, openSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { openStore } from './open.ts';
import { requireSound } from './sqlite/sound.ts';
import { StoreError } from './store.ts';

/** Writes a copy of the store `path` into the new file `copy`. Throws `StoreError`. */
export async function backupStore(path: string, copy: string): Promise<void> {
  if (!existsSync(path)) throw new StoreError(`There is no store ${path}.`);
  await using store = await openStore(path);
  await store.backup(copy);
}

/**
 * Puts the copy in the place of the store `path`; the store that was there stays beside it as `PATH.before-restore`. The
 * copy is checked first: where it is damaged, or newer than this program, nothing changes. Throws `StoreError`.
 */
export async function restoreStore(copy: string, path: string): Promise<void> {
  requireSound(copy);
  const made = `${path}.restoring`;
  for (const suffix of ['', '-wal', '-shm']) rmSync(`${made}${suffix}`, { force: true });
  try {
    if (existsSync(path)) await requireUnused(path);
    copyFileSync(copy, made);
    // Opened once: an older copy becomes one of this version, and a newer one is refused.
    await (await openStore(made)).close();
    const file = openSync(made, 'r+');
    fsyncSync(file);
    closeSync(file);
    for (const suffix of ['-wal', '-shm', '']) {
      if (existsSync(path + suffix)) renameSync(path + suffix, `${path}.before-restore${suffix}`);
    }
    renameSync(made, path);
    const directory = openSync(dirname(path), 'r');
    fsyncSync(directory);
    closeSync(directory);
  } catch (cause) {
    for (const suffix of ['', '-wal', '-shm']) rmSync(`${made}${suffix}`, { force: true });
    if (cause instanceof StoreError) throw cause;
    throw new StoreError(`${copy} cannot be restored: ${(cause as Error).message}.`, { cause });
  }
}

/** That a store is damaged is no reason to keep it. */
async function requireUnused(path: string): Promise<void> {
  try {
    await (await openStore(path)).close();
  } catch (error) {
    if (error instanceof StoreError && error.message.includes('is in use')) {
      throw new StoreError(`${error.message} End it first.`, { cause: error });
    }
  }
}
