import { closeSync, fsyncSync, mkdtempDisposableSync, openSync, statSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, it } from 'vitest';
import { openStore, StoreFault } from './index.ts';

const by = { author: 'test', request: null, message: null };

it('a store of a newer version is refused with what is newer, and stays as it is', async () => {
  using directory = mkdtempDisposableSync(join(tmpdir(), 'openvnet-store-'));
  const path = join(directory.path, 'store.db');
  await (await openStore(path)).close();
  const raw = new DatabaseSync(path);
  raw.exec("insert into kysely_migration (name, timestamp) values ('999-future', '2030-01-01')");
  raw.close();
  const refusal =
    /^The store .*store\.db was written by a newer version of this program: it has 999-future, and this version knows \d{3}-[a-z-]+ and older\. Install that version again, or restore a backup from before\. Use: vnmgr restore FILE$/;
  await expect(openStore(path)).rejects.toThrow(refusal);
  await expect(openStore(path)).rejects.toThrow(refusal);
});

it('pages that are damaged while a store is open fail what reads them, in words, and nothing else', async () => {
  using directory = mkdtempDisposableSync(join(tmpdir(), 'openvnet-store-'));
  const path = join(directory.path, 'store.db');
  const blank = { display_name: 'x'.repeat(200), ipv4_prefix: 24 };
  {
    await using store = await openStore(path);
    await store.transaction(by, async (tx) => {
      for (let i = 0; i < 20_000; i++) await tx.insert('network', { uuid: `nw-${i}`, ipv4_network: i, ...blank });
    });
  }
  await using store = await openStore(path);
  const size = statSync(path).size;
  const file = openSync(path, 'r+');
  // The first pages hold the schema and stay.
  for (let at = 64 << 10; at < size; at += 4096) writeSync(file, Buffer.alloc(4096, 0xa5), 0, 4096, at);
  fsyncSync(file);
  closeSync(file);
  const read = store.find('network', {});
  await expect(read).rejects.toThrow(StoreFault);
  await expect(read).rejects.toThrow(`The store ${path} is damaged`);
  expect(await store.find('datapath', {})).toEqual([]);
});
