import { copyFileSync, mkdtempDisposableSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { backupStore, openStore, restoreStore, type Store } from './index.ts';

const by = { author: 'ann', request: null, message: null };

function insert(store: Store, name: string) {
  const network = { display_name: '', ipv4_network: 0x0a000000, ipv4_prefix: 24 };
  return store.transaction(by, (tx) => tx.insert('network', { ...network, uuid: `nw-${name}` }));
}

async function names(store: Store): Promise<string[]> {
  return (await store.find('network', {})).map(({ uuid }) => uuid);
}

it('knows its own past, and not that of the store that it was restored from a copy of', async () => {
  using directory = mkdtempDisposableSync(join(tmpdir(), 'openvnet-store-'));
  const [path, copy] = [join(directory.path, 'store.db'), join(directory.path, 'backup.db')];
  const first = await openStore(path);
  await insert(first, 'a');
  await first.backup(copy);
  await insert(first, 'lost');
  await first.close();
  expect([first.isPast(first.epoch, 1), first.isPast(first.epoch, 2), first.isPast(first.epoch, 3)]).toEqual([
    true,
    true,
    false,
  ]);

  await restoreStore(copy, path);
  await using restored = await openStore(path);
  await insert(restored, 'b');
  await insert(restored, 'c');
  expect(restored.id).toBe(first.id);
  expect(restored.epoch).not.toBe(first.epoch);
  expect(await names(restored)).toEqual(['nw-a', 'nw-b', 'nw-c']);
  // What was known at revision 1 was so in both; revision 2 is another change here.
  expect(restored.isPast(first.epoch, 1)).toBe(true);
  expect(restored.isPast(first.epoch, 2)).toBe(false);
  expect(restored.isPast(restored.epoch, 2)).toBe(true);
  expect(restored.isPast('unknown', 1)).toBe(false);
});

it('never gives the id of a network or segment again, which is a key of tunnels', async () => {
  using directory = mkdtempDisposableSync(join(tmpdir(), 'openvnet-store-'));
  const [path, copy] = [join(directory.path, 'store.db'), join(directory.path, 'backup.db')];
  const insertBoth = async (store: Store, name: string): Promise<[number, number]> => {
    const { value } = await insert(store, name);
    const { value: segment } = await store.transaction(by, (tx) =>
      tx.insert('segment', { uuid: `seg-${name}`, mode: 'virtual' }),
    );
    return [value.id, segment.id];
  };
  const removeBoth = (store: Store, [network, segment]: [number, number]) =>
    store.transaction(by, async (tx) => {
      await tx.remove('network', network);
      await tx.remove('segment', segment);
    });
  const store = await openStore(path);
  await store.backup(copy);
  const given = [await insertBoth(store, 'a')];
  await removeBoth(store, given[0]!);
  given.push(await insertBoth(store, 'b'));
  await removeBoth(store, given[1]!);
  await store.close();
  const again = await openStore(path);
  given.push(await insertBoth(again, 'c'));
  await again.close();
  expect(given).toEqual([
    [1, 1],
    [2, 2],
    [3, 3],
  ]);
  // What was made after the backup is lost, but hosts that are away may know it still.
  await restoreStore(copy, path);
  await using restored = await openStore(path);
  expect(await insertBoth(restored, 'd')).toEqual([10_001, 10_001]);
});

it('can be copied while it is in use, whole, and also when it is not', async () => {
  using directory = mkdtempDisposableSync(join(tmpdir(), 'openvnet-store-'));
  const path = (name: string) => join(directory.path, name);
  const store = await openStore(path('store.db'));
  const last = Promise.all(['a', 'b', 'c'].map((name) => insert(store, name)));
  await store.backup(path('hot.db'));
  await last;
  await expect(store.backup(path('hot.db'))).rejects.toThrow('exists');
  await expect(restoreStore(path('hot.db'), path('store.db'))).rejects.toThrow(/is in use.*Stop it first\.$/);
  await store.close();
  await backupStore(path('store.db'), path('cold.db'));
  for (const name of ['hot.db', 'cold.db']) {
    await using copy = await openStore(path(name));
    expect(await names(copy)).toEqual(['nw-a', 'nw-b', 'nw-c']);
  }
  await expect(backupStore(path('none.db'), path('x.db'))).rejects.toThrow(/^No store exists at /);
});

it('is found to be damaged when it is opened, and such a copy is not restored', async () => {
  using directory = mkdtempDisposableSync(join(tmpdir(), 'openvnet-store-'));
  const [path, copy] = [join(directory.path, 'store.db'), join(directory.path, 'copy.db')];
  const store = await openStore(path);
  for (let i = 0; i < 300; i++) await insert(store, `n${i}`);
  await store.close();
  copyFileSync(path, copy);
  const bytes = readFileSync(path);
  bytes.fill(0x5a, Math.floor(bytes.length / 2), Math.floor(bytes.length / 2) + 8192);
  writeFileSync(path, bytes);
  await expect(openStore(path)).rejects.toThrow(/is damaged: .*Restore a backup with: vnmgr restore FILE$/s);
  await expect(restoreStore(path, copy)).rejects.toThrow('is not a store, or is damaged');
  await restoreStore(copy, path);
  await using again = await openStore(path);
  expect(await again.count('network')).toBe(300);
});

it('is read by nobody else', async () => {
  using directory = mkdtempDisposableSync(join(tmpdir(), 'openvnet-store-'));
  const path = join(directory.path, 'state', 'store.db');
  await using store = await openStore(path);
  await insert(store, 'a');
  const modes = ['state', 'state/store.db', 'state/store.db-wal'].map(
    (name) => statSync(join(directory.path, name)).mode & 0o777,
  );
  expect(modes).toEqual([0o700, 0o600, 0o600]);
});
