/** Copies of a store that no process has open: backup and restore. */
import { closeSync, copyFileSync, existsSync, fsyncSync, openSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { openStore } from './open.ts';
import { requireSound } from './sqlite/sound.ts';
import { skipTunnelKeys } from './sqlite/tunnel-keys.ts';
import { StoreError } from './store.ts';

/** Writes a copy of the store `path` into the new file `copy`. Throws `StoreError`. */
export async function backupStore(path: string, copy: string): Promise<void> {
  if (!existsSync(path)) throw new StoreError(`No store exists at ${path}.`);
  await using store = await openStore(path);
  await store.backup(copy);
}

/**
 * Replaces the store `path` by the copy. The previous store is kept as `PATH.before-restore`. The copy is checked first: if it
 * is damaged or newer than this program, nothing changes. Throws `StoreError`.
 */
export async function restoreStore(copy: string, path: string): Promise<void> {
  requireSound(copy);
  const made = `${path}.restoring`;
  for (const suffix of ['', '-wal', '-shm']) rmSync(`${made}${suffix}`, { force: true });
  try {
    if (existsSync(path)) await requireUnused(path);
    copyFileSync(copy, made);
    // Opening it migrates an older copy to this version and refuses a newer one.
    await (await openStore(made)).close();
    skipTunnelKeys(made);
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

/** A damaged store may be replaced. */
async function requireUnused(path: string): Promise<void> {
  try {
    await (await openStore(path)).close();
  } catch (error) {
    if (error instanceof StoreError && error.message.includes('is in use')) {
      throw new StoreError(`${error.message} Stop it first.`, { cause: error });
    }
  }
}
