import { mkdtempDisposableSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setImmediate as endOfTurn } from 'node:timers/promises';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { openStore, type Store } from './index.ts';

const by = { author: 'ann', request: null, message: null };
const network = { display_name: '', ipv4_network: 0x0a000000, ipv4_prefix: 24 };

function insert(store: Store, name: string) {
  return store.transaction(by, (tx) => tx.insert('network', { ...network, uuid: `nw-${name}` }));
}

/** The statements by which SQLite is told to begin, to end or to undo something. */
function transactionStatements(): string[] {
  const seen: string[] = [];
  const { exec } = DatabaseSync.prototype;
  vi.spyOn(DatabaseSync.prototype, 'exec').mockImplementation(function (this: DatabaseSync, sql) {
    seen.push(sql);
    exec.call(this, sql);
  });
  return seen;
}

afterEach(() => vi.restoreAllMocks());

describe('transactions of one turn', () => {
  it('share one commit, and have revisions of their own, in order', async () => {
    await using store = await openStore('memory');
    const statements = transactionStatements();
    const done = await Promise.all(['a', 'b', 'c'].map((name) => insert(store, name)));
    expect(done.map(({ revision }) => revision)).toEqual([1, 2, 3]);
    expect(statements.filter((sql) => sql === 'commit')).toHaveLength(1);
  });

  it('fail alone', async () => {
    await using store = await openStore('memory');
    const refused = store.transaction(by, async (tx) => {
      await tx.insert('network', { ...network, uuid: 'nw-b' });
      throw new Error('no');
    });
    const done = await Promise.allSettled([insert(store, 'a'), refused, insert(store, 'c')]);
    expect(done).toMatchObject([{ value: { revision: 1 } }, { reason: new Error('no') }, { value: { revision: 2 } }]);
    expect((await store.find('network', {})).map(({ uuid }) => uuid)).toEqual(['nw-a', 'nw-c']);
    expect(await store.log({ revision: 2 })).toMatchObject([{ after: { uuid: 'nw-c' } }]);
  });

  it('are all told, and nobody hears of a change, where the commit fails; the store goes on', async () => {
    await using store = await openStore('memory');
    await insert(store, 'first');
    const heard: number[] = [];
    store.subscribe(({ revision }) => heard.push(revision));
    const { exec } = DatabaseSync.prototype;
    const failing = vi.spyOn(DatabaseSync.prototype, 'exec').mockImplementation(function (this: DatabaseSync, sql) {
      if (sql === 'commit') throw new Error('disk I/O error');
      exec.call(this, sql);
    });
    const done = await Promise.allSettled(['a', 'b'].map((name) => insert(store, name)));
    expect(done.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    failing.mockRestore();
    expect(heard).toEqual([]);
    expect(store.revision).toBe(1);
    expect(await store.count('network')).toBe(1);
    expect(await insert(store, 'a')).toMatchObject({ revision: 2 });
  });

  it('are answered, and read by others, only once they are on disk', async () => {
    await using store = await openStore('memory');
    const events: string[] = [];
    const { exec } = DatabaseSync.prototype;
    vi.spyOn(DatabaseSync.prototype, 'exec').mockImplementation(function (this: DatabaseSync, sql) {
      if (sql === 'commit') events.push('commit');
      exec.call(this, sql);
    });
    const written = insert(store, 'a').then(() => events.push('answered'));
    const read = store.count('network').then((count) => events.push(`read ${count}`));
    await Promise.all([written, read]);
    expect(events[0]).toBe('commit');
    expect(events).toContain('read 1');
  });
});

describe('a read', () => {
  it('sees one revision from beginning to end', async () => {
    await using store = await openStore('memory');
    await insert(store, 'a');
    const reading = store.read(async (reader) => {
      const first = await reader.count('network');
      await endOfTurn();
      return [first, await reader.count('network'), reader.revision];
    });
    const writing = insert(store, 'b');
    expect(await reading).toEqual([1, 1, 1]);
    expect(await writing).toMatchObject({ revision: 2 });
    // Who has read long does not keep others from writing forever.
    expect(await store.read(async (reader) => reader.revision)).toBe(2);
  });

  it('and a transaction refuse to be gone on with after their end, and to begin another inside', async () => {
    await using store = await openStore('memory');
    const left = await store.read(async (reader) => () => reader.count('network'));
    await expect(left()).rejects.toThrow('the transaction or read has ended');
    let forgotten: Promise<unknown> | undefined;
    const hasty = store.transaction(by, async (tx) => {
      forgotten = endOfTurn()
        .then(() => endOfTurn())
        .then(() => tx.insert('network', { ...network, uuid: 'nw-late' }));
    });
    await hasty;
    await expect(forgotten).rejects.toThrow('has ended');
    await expect(store.transaction(by, () => store.count('network'))).rejects.toThrow('inside another');
    await expect(store.read(() => insert(store, 'x'))).rejects.toThrow('inside another');
    expect(await store.count('network')).toBe(0);
  });
});

describe('a store that is closed', () => {
  it('has finished what was asked for before, and refuses the rest', async () => {
    using directory = mkdtempDisposableSync(join(tmpdir(), 'openvnet-store-'));
    const path = join(directory.path, 'store.db');
    const store = await openStore(path);
    const last = insert(store, 'a');
    await store.close();
    expect(await last).toMatchObject({ revision: 1 });
    await expect(insert(store, 'b')).rejects.toThrow('the store is closed');
    await using again = await openStore(path);
    expect(await again.count('network')).toBe(1);
  });

  it('tells of a listener that throws, and goes on', async () => {
    const complaints: unknown[] = [];
    await using store = await openStore('memory', { listenerFailed: (error) => complaints.push(error) });
    const heard: number[] = [];
    store.subscribe(() => {
      throw new Error('deaf');
    });
    store.subscribe(({ revision }) => heard.push(revision));
    expect(await insert(store, 'a')).toMatchObject({ revision: 1 });
    expect([heard, complaints]).toEqual([[1], [new Error('deaf')]]);
  });
});
