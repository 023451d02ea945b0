/**
 * The embedded store: everything that is registered, in one file. A change is one transaction, on disk before it is
 * answered, and has a revision of its own. One process has the file; it owns the rows it was given, and what it hands
 * out are copies.
 */
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { type Change, type Kind, kinds, type RowOf } from '@openvnet/model';
import { historyOf } from './history.ts';
import { migrate } from './migrations/index.ts';
import { type Reader, readerOf } from './reader.ts';
import { Sqlite } from './sqlite.ts';
import { type Touched, type Transaction, transactionOn } from './transaction.ts';

/** What a transaction changed, each object once, in its final state. */
export interface Commit {
  readonly revision: number;
  readonly changes: readonly Change[];
}

export interface Store extends Reader, Disposable {
  /** Random, made with the store: revisions of two stores cannot be compared. */
  readonly id: string;
  readonly revision: number;
  /** Runs `work` whole or not at all. Where it changes nothing there is no new revision. */
  transaction<T>(work: (tx: Transaction) => T): Commit & { readonly value: T };
  /** Calls `listener` after every commit that changed something; returns how to stop that. */
  subscribe(listener: (commit: Commit) => void): () => void;
  /** What changed after `revision`; `undefined` when that is too long ago, or was never. */
  changesSince(revision: number): Change[] | undefined;
  snapshot(): { readonly revision: number; readonly rows: { readonly [K in Kind]: RowOf<K>[] } };
  /** The revision at which each of the objects last changed. */
  revisionsOf(kind: Kind, ids: readonly number[]): Map<number, number>;
  close(): void;
}

/** The store cannot be opened; the message is a sentence that names the file and what is wrong. */
export class StoreError extends Error {
  override readonly name = 'StoreError';
}

export interface StoreOptions {
  /** How many removed objects are remembered at least. */
  readonly keep?: number;
  /** Does what follows from what a transaction has done, as part of it; a throw undoes all of it. */
  readonly beforeCommit?: (tx: Transaction, touched: readonly Touched[]) => void;
}

/**
 * Opens the store in the file `path`, which is made where there is none; `memory` keeps it in this process alone.
 * Throws `StoreError`.
 */
export async function openStore(path: string, { keep = 20_000, beforeCommit }: StoreOptions = {}): Promise<Store> {
  const sqlite = await open(path);
  const reader = readerOf(sqlite);
  const history = historyOf(sqlite, reader, keep);
  const listeners = new Set<(commit: Commit) => void>();
  let busy = false;

  const store: Store = {
    ...reader,
    id: history.store,
    get revision() {
      return history.revision();
    },
    transaction(work) {
      if (busy) throw new Error('a transaction is not begun inside another one');
      busy = true;
      let done: Commit & { value: ReturnType<typeof work> };
      try {
        sqlite.begin();
        const { tx, changes, touched } = transactionOn(sqlite, reader);
        const value = work(tx);
        beforeCommit?.(tx, touched());
        const changed = changes();
        const revision = changed.length > 0 ? history.record(changed) : history.revision();
        sqlite.commit();
        done = { value, revision, changes: changed };
      } catch (error) {
        sqlite.rollback();
        history.reload();
        throw error;
      } finally {
        busy = false;
      }
      if (done.changes.length > 0) for (const listener of listeners) listener(done);
      return done;
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    changesSince: history.since,
    snapshot: () => ({
      revision: history.revision(),
      rows: Object.fromEntries(kinds.map((kind) => [kind, reader.find(kind, {})])) as never,
    }),
    revisionsOf: history.revisionsOf,
    close: () => sqlite.close(),
    [Symbol.dispose]: () => sqlite.close(),
  };
  return store;
}

async function open(path: string): Promise<Sqlite> {
  let sqlite: Sqlite | undefined;
  try {
    if (path !== 'memory') mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    sqlite = new Sqlite(path === 'memory' ? ':memory:' : path);
    await migrate(sqlite);
    return sqlite;
  } catch (cause) {
    sqlite?.close();
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
