/**
 * What a store does, whatever database is behind it. A change is one transaction, on disk before it is answered, and has
 * a revision of its own.
 */
import type { Change, Kind, RowOf } from '@openvnet/model';
import type { AnyRow, Cell } from './columns.ts';
import type { ChangedBy, Reader, Values } from './reader.ts';
import type { Numbers } from './runs.ts';

/** What a change may do. Reads see what it has written so far. */
export interface Transaction extends Reader {
  /** Makes a row, with the declared defaults for what is left out. Throws `UniqueError`. */
  insert<K extends Kind>(kind: K, values: Values<K>): Promise<RowOf<K>>;
  /** Changes columns of a row that exists; equal values are no change. Throws `UniqueError`. */
  update<K extends Kind>(kind: K, id: number, values: Partial<Values<K>>): Promise<RowOf<K>>;
  /** Removes a row and, first, every row that refers to it. Whether it was there. */
  remove(kind: Kind, id: number): Promise<boolean>;
  /**
   * The numbers in `column` of the rows whose column `of[0]` is `of[1]`; no two such rows share one. Asking again costs
   * nothing, however many rows there are. Valid until the next write.
   */
  numbersOf<K extends Kind>(
    kind: K,
    column: keyof RowOf<K> & string,
    of: readonly [keyof RowOf<K> & string, number],
  ): Promise<Numbers>;
}

/** What a transaction has done to an object so far; null stands for its absence. */
export type Touched = {
  [K in Kind]: { readonly kind: K; readonly before: RowOf<K> | null; readonly after: RowOf<K> | null };
}[Kind];

/** What a transaction changed, each object once, in its final state. */
export interface Commit {
  readonly revision: number;
  readonly changes: readonly Change[];
}

export interface Store extends Reader, AsyncDisposable {
  /** Random, made with the store: revisions of two stores cannot be compared. */
  readonly id: string;
  /** Random, made each time the store is opened. */
  readonly epoch: string;
  /** Why the last change could not be written; undefined where it was. */
  readonly fault: StoreFault | undefined;
  /**
   * Runs `work` whole or not at all, after the transactions that were asked for before. Where it changes nothing there is
   * no new revision. Settles when the change is on disk, or undone.
   */
  transaction<T>(by: ChangedBy, work: (tx: Transaction) => Promise<T>): Promise<Commit & { readonly value: T }>;
  /** Runs `work`, whose reads all see the same revision. It waits for nothing else: transactions wait for it. */
  read<T>(work: (reader: Reader) => Promise<T>): Promise<T>;
  /** Calls `listener` after every commit that changed something, in their order; returns how to stop that. */
  subscribe(listener: (commit: Commit) => void): () => void;
  /** Whether a copy that was made at `revision`, in `epoch`, is part of the past of this store. */
  isPast(epoch: string, revision: number): boolean;
  /** Writes a copy of the whole store into a new file, and reads it back. */
  backup(path: string): Promise<void>;
  close(): Promise<void>;
}

export interface StoreOptions {
  /** So many changes are told to those who have missed them, at most. */
  readonly mostMissed?: number;
  /** Does what follows from what a transaction has done, as part of it; a throw undoes all of it. */
  readonly beforeCommit?: (tx: Transaction, touched: readonly Touched[]) => Promise<void>;
  /** Is told what a listener throws; commit and other listeners do not suffer from it. */
  readonly listenerFailed?: (error: unknown) => void;
}

/** The store cannot be opened; the message is a sentence that names the file and what is wrong. */
export class StoreError extends Error {
  override readonly name = 'StoreError';
}

/** File or disk of an open store is at fault: nothing was changed, and what it serves may go on. */
export class StoreFault extends StoreError {
  /** The command that helps. */
  readonly use: string;

  constructor(path: string, what: string, { use, ...options }: ErrorOptions & { readonly use: string }) {
    super(`The store ${path} ${what}`, options);
    this.use = use;
  }
}

/** A row would share with another what no two rows may share. */
export class UniqueError extends Error {
  override readonly name = 'UniqueError';
  readonly kind: Kind;
  readonly columns: readonly string[];
  readonly values: readonly Cell[];
  /** The row that has the values. */
  readonly holder: AnyRow;

  constructor(kind: Kind, columns: readonly string[], values: readonly Cell[], holder: AnyRow) {
    super(`${kind} with ${columns.map((name, i) => `${name} ${values[i]}`).join(', ')} exists: id ${holder.id}`);
    this.kind = kind;
    this.columns = columns;
    this.values = values;
    this.holder = holder;
  }
}
