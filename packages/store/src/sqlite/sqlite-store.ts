/**
 * The store on SQLite. Transactions run one after the other. Transactions requested in one turn of the event loop become
 * parts of one database transaction, which is synced to disk once; a part that fails is rolled back alone. Data that is
 * not on disk yet is visible only to the transaction that wrote it and to those of the same turn.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { closeSync, openSync } from 'node:fs';
import { setImmediate as endOfTurn } from 'node:timers/promises';
import type { ChangedBy, Reader } from '../reader.ts';
import { type Commit, type Store, StoreError, StoreFault, type StoreOptions, type Transaction } from '../store.ts';
import type { Database } from './database.ts';
import { Epochs } from './epochs.ts';
import { HeldNumbers } from './held-numbers.ts';
import { History } from './history.ts';
import { SqliteReader } from './reader.ts';
import { Rows } from './rows.ts';
import { requireSound } from './sound.ts';
import { SqliteTransaction } from './transaction.ts';
import { Turns } from './turns.ts';

interface Job {
  readonly by: ChangedBy;
  readonly work: (tx: Transaction) => Promise<unknown>;
  readonly resolve: (done: Commit & { value: never }) => void;
  readonly reject: (error: unknown) => void;
}

/** Reports the outcome of a transaction, once its batch is on disk. */
type Outcome = { readonly job: Job } & (
  | { readonly done: Commit & { readonly value: unknown } }
  | { readonly error: unknown }
);

export class SqliteStore implements Store {
  readonly id: string;
  readonly epoch: string;
  fault: StoreFault | undefined;
  readonly #epochs: Epochs;
  readonly #database: Database;
  readonly #history: History;
  readonly #rows: Rows;
  readonly #numbers = new HeldNumbers();
  readonly #beforeCommit: StoreOptions['beforeCommit'];
  readonly #listenerFailed: StoreOptions['listenerFailed'];
  readonly #listeners = new Set<(commit: Commit) => void>();
  readonly #turns = new Turns();
  readonly #jobs: Job[] = [];
  /** Set while code runs inside a transaction or read of this store. */
  readonly #inside = new AsyncLocalStorage<{ open: boolean }>();
  #revision: number;
  #writing: Promise<void> | undefined;
  #closed = false;

  constructor(database: Database, { mostMissed = 40_000, beforeCommit, listenerFailed }: StoreOptions) {
    const rows = new Rows(database);
    const history = new History(database, rows, mostMissed);
    this.#database = database;
    this.#rows = rows;
    this.#history = history;
    this.#beforeCommit = beforeCommit;
    this.#listenerFailed = listenerFailed;
    this.#revision = history.revision;
    this.id = history.store;
    this.#epochs = new Epochs(database, history.revision);
    this.epoch = this.#epochs.current;
  }

  get revision(): number {
    return this.#revision;
  }

  get: Reader['get'] = (kind, id) => this.read((reader) => reader.get(kind, id));
  byUuid: Reader['byUuid'] = (kind, uuid) => this.read((reader) => reader.byUuid(kind, uuid));
  find: Reader['find'] = (kind, where, page) => this.read((reader) => reader.find(kind, where, page));
  count: Reader['count'] = (kind, where) => this.read((reader) => reader.count(kind, where));
  revisionsOf: Reader['revisionsOf'] = (kind, ids) => this.read((reader) => reader.revisionsOf(kind, ids));
  changesSince: Reader['changesSince'] = (revision) => this.read((reader) => reader.changesSince(revision));
  log: Reader['log'] = (of) => this.read((reader) => reader.log(of));
  logAfter: Reader['logAfter'] = (revision, most) => this.read((reader) => reader.logAfter(revision, most));

  async read<T>(work: (reader: Reader) => Promise<T>): Promise<T> {
    this.#requireOutside();
    const leave = this.#turns.enterShared() ?? (await this.#turns.shared());
    const reader = new SqliteReader(this.#rows, this.#history);
    try {
      return await this.#from(() => work(reader));
    } finally {
      reader.end();
      leave();
    }
  }

  async transaction<T>(by: ChangedBy, work: (tx: Transaction) => Promise<T>): Promise<Commit & { readonly value: T }> {
    this.#requireOutside();
    return new Promise((resolve, reject) => {
      this.#jobs.push({ by, work, resolve, reject });
      this.#writing ??= this.#write();
    });
  }

  subscribe(listener: (commit: Commit) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  isPast(epoch: string, revision: number): boolean {
    return revision <= this.#revision && this.#epochs.includes(epoch, revision);
  }

  async backup(path: string): Promise<void> {
    // In a turn of its own, so that the copy contains no part of a batch.
    const leave = await this.#turns.shared();
    try {
      this.#requireOutside();
      // SQLite accepts an empty file. Making it first keeps the copy private and overwrites no other file.
      closeSync(openSync(path, 'wx', 0o600));
      this.#database.copyInto(path);
      requireSound(path);
    } catch (cause) {
      throw new StoreError(`The backup failed: ${(cause as Error).message}.`, { cause });
    } finally {
      leave();
    }
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    while (this.#writing !== undefined) await this.#writing;
    const leave = await this.#turns.exclusive();
    if (!this.#closed) this.#database.close();
    this.#closed = true;
    leave();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Runs the transactions requested until the end of the turn as one batch. */
  async #write(): Promise<void> {
    const leave = await this.#turns.exclusive();
    const outcomes: Outcome[] = [];
    try {
      this.#database.begin();
      await this.#carryOut(outcomes);
      await endOfTurn();
      await this.#carryOut(outcomes);
      this.#database.commit();
      this.#revision = this.#history.revision;
      this.fault = undefined;
    } catch (error) {
      this.fault = error instanceof StoreFault ? error : undefined;
      this.#database.rollback();
      this.#numbers.forget();
      this.#history.returnTo(this.#revision);
      this.#writing = undefined;
      leave();
      for (const { job } of outcomes) job.reject(error);
      for (const job of this.#jobs.splice(0)) job.reject(error);
      return;
    }
    this.#writing = undefined;
    leave();
    for (const outcome of outcomes) {
      if ('done' in outcome && outcome.done.changes.length > 0) this.#tell(outcome.done);
    }
    for (const outcome of outcomes) {
      if ('done' in outcome) outcome.job.resolve(outcome.done as never);
      else outcome.job.reject(outcome.error);
    }
    // Transactions requested in the meantime.
    if (this.#jobs.length > 0) this.#writing ??= this.#write();
  }

  #tell(commit: Commit): void {
    for (const listener of this.#listeners) {
      try {
        listener(commit);
      } catch (error) {
        // The change is committed; an exception of a listener does not undo it.
        this.#listenerFailed?.(error);
      }
    }
  }

  async #carryOut(outcomes: Outcome[]): Promise<void> {
    for (let job = this.#jobs.shift(); job; job = this.#jobs.shift()) {
      const { revision } = this.#history;
      const tx = new SqliteTransaction(this.#database, this.#rows, this.#history, this.#numbers);
      const { by, work } = job;
      // Added to the list before it runs, so that it too is told of a disk fault.
      const place = outcomes.push({ job, error: undefined }) - 1;
      this.#database.savepoint();
      try {
        const value = await this.#from(async () => {
          const value = await work(tx);
          await this.#beforeCommit?.(tx, tx.touched());
          return value;
        });
        tx.end();
        const changes = tx.changes();
        if (changes.length > 0) this.#history.record(by, tx.touched());
        this.#database.release();
        outcomes[place] = { job, done: { value, revision: this.#history.revision, changes } };
      } catch (error) {
        tx.end();
        // After a fault such as a full disk, SQLite has rolled back the whole batch.
        if (!this.#database.inTransaction) throw error;
        this.#database.rollbackToSavepoint();
        this.#numbers.forget();
        this.#history.returnTo(revision);
        outcomes[place] = { job, error };
      }
    }
  }

  async #from<T>(work: () => Promise<T>): Promise<T> {
    const mark = { open: true };
    try {
      return await this.#inside.run(mark, work);
    } finally {
      mark.open = false;
    }
  }

  /** Waiting for the store inside one of its transactions would be a deadlock. */
  #requireOutside(): void {
    if (this.#closed) throw new Error('the store is closed');
    if (this.#inside.getStore()?.open)
      throw new Error('a transaction or read of the store cannot begin inside another');
  }
}
