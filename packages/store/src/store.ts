/**
 * The interface of a store, independent of its database. A change is one transaction with a revision of its own; it is on
 * disk before the transaction settles.
 */
import type { Change, Kind, RowOf } from '@openvnet/model';
import type { AnyRow, Cell } from './columns.ts';
import type { ChangedBy, Reader, Values } from './reader.ts';
import type { Numbers } from './runs.ts';

/** The operations of a transaction. Reads see its own writes. */
export interface Transaction extends Reader {
  /** Creates a row, with the declared defaults for columns that are left out. Throws `UniqueError`. */
  insert<K extends Kind>(kind: K, values: Values<K>): Promise<RowOf<K>>;
  /** Changes columns of an existing row; equal values are no change. Throws `UniqueError`. */
  update<K extends Kind>(kind: K, id: number, values: Partial<Values<K>>): Promise<RowOf<K>>;
  /** Deletes a row after every row that refers to it. Returns whether the row existed. */
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

/** The change of an object by a transaction so far; null stands for absence. */
export type Touched = {
  [K in Kind]: { readonly kind: K; readonly before: RowOf<K> | null; readonly after: RowOf<K> | null };
}[Kind];

/** The changes of a transaction, each object once, in its final state. */
export interface Commit {
  readonly revision: number;
  readonly changes: readonly Change[];
}

export interface Store extends Reader, AsyncDisposable {
  /** Identity of the store, random. Revisions of different stores cannot be compared. */
  readonly id: string;
  /** Identity of this opening of the store, random. */
  readonly epoch: string;
  /** Why the last change could not be written; undefined where it was. */
  readonly fault: StoreFault | undefined;
  /**
   * Runs `work` as one transaction, after the transactions requested before. A transaction that changes nothing makes no
   * revision. Settles when the change is on disk or rolled back.
   */
  transaction<T>(by: ChangedBy, work: (tx: Transaction) => Promise<T>): Promise<Commit & { readonly value: T }>;
  /** Runs `work`, whose reads all see the same revision. `work` must await nothing else, because transactions wait for it. */
  read<T>(work: (reader: Reader) => Promise<T>): Promise<T>;
  /** Calls `listener` after every commit that changed something, in order. Returns a function that stops this. */
  subscribe(listener: (commit: Commit) => void): () => void;
  /** Whether a copy made at `revision` in `epoch` is in the history of this store. */
  isPast(epoch: string, revision: number): boolean;
  /** Writes a copy of the store to a new file and verifies it. */
  backup(path: string): Promise<void>;
  close(): Promise<void>;
}

export interface StoreOptions {
  /** Largest number of missed changes that are replayed. */
  readonly mostMissed?: number;
  /** Makes the changes that follow from those of a transaction, as part of it. An exception rolls everything back. */
  readonly beforeCommit?: (tx: Transaction, touched: readonly Touched[]) => Promise<void>;
  /** Receives exceptions of listeners, which affect neither the commit nor other listeners. */
  readonly listenerFailed?: (error: unknown) => void;
}

/** The store cannot be opened. The message is a sentence that names the file and the reason. */
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

/** A write would violate a unique constraint. */
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
