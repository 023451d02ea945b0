import type { Change, Kind, RowOf } from '@openvnet/model';

/** The columns of a new row; nullable columns may be left out. */
export type Values<K extends Kind> = { uuid?: string } & Required_<RowOf<K>> & Optional_<RowOf<K>>;
type Own<R> = Omit<R, 'id' | 'uuid' | 'created_at' | 'updated_at'>;
type Required_<R> = { [C in keyof Own<R> as null extends Own<R>[C] ? never : C]: Own<R>[C] };
type Optional_<R> = { [C in keyof Own<R> as null extends Own<R>[C] ? C : never]?: Own<R>[C] };

/** Conditions: columns with a required value or a list of alternatives. Null equals null. */
export type Where<K extends Kind> = { readonly [C in keyof RowOf<K>]?: RowOf<K>[C] | readonly RowOf<K>[C][] };

export interface Page {
  readonly limit?: number;
  readonly offset?: number;
}

/** Reads rows as `Row` of the model declares them, in order of their ids. */
export interface Reader {
  /** The revision that is read; in a transaction, the previous one. */
  readonly revision: number;
  get<K extends Kind>(kind: K, id: number): Promise<RowOf<K> | undefined>;
  byUuid<K extends Kind>(kind: K, uuid: string): Promise<RowOf<K> | undefined>;
  find<K extends Kind>(kind: K, where: Where<K>, page?: Page): Promise<RowOf<K>[]>;
  count<K extends Kind>(kind: K, where?: Where<K>): Promise<number>;
  /** The revision at which each of the objects last changed. */
  revisionsOf(kind: Kind, ids: readonly number[]): Promise<Map<number, number>>;
  /** What changed after `revision`, each object once; `undefined` when that is too much or unknown. */
  changesSince(revision: number): Promise<Change[] | undefined>;
  /** The logged changes of one object or of one revision, newest first. */
  log(of: { readonly kind: Kind; readonly id: number } | { readonly revision: number }): Promise<Logged[]>;
  /** The changes of the revisions after `revision`, oldest first; whole revisions only. */
  logAfter(revision: number, mostRevisions: number): Promise<Logged[]>;
}

/** Who requested a change, and why. */
export interface ChangedBy {
  readonly author: string;
  /** Number of the request; null if the change came from no request. */
  readonly request: string | null;
  /** Message of the author. */
  readonly message: string | null;
}

/** One change of one object. Columns that an earlier version did not log are null. */
export interface Logged extends ChangedBy {
  readonly revision: number;
  /** As ISO 8601, in UTC. */
  readonly time: string | null;
  readonly kind: Kind;
  readonly id: number;
  readonly removed: boolean;
  /** Also null if the object was created. */
  readonly before: RowOf<Kind> | null;
  /** Also null if the object was deleted. */
  readonly after: RowOf<Kind> | null;
}
