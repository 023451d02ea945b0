/** What has changed, as `GET /events` answers it. */

/** One object made, changed or removed, with who did it. What a store of an earlier version has not logged is null. */
export interface Event {
  readonly revision: number;
  /** ISO 8601, in UTC. */
  readonly time: string | null;
  readonly author: string;
  /** Number of the request, as its answer had it in `X-Request-Id`. */
  readonly request: string | null;
  readonly message: string | null;
  readonly action: 'add' | 'change' | 'remove';
  readonly kind: string;
  readonly id: number;
  /** Null for an object without a name. */
  readonly uuid: string | null;
  /** The columns that changed, as they are stored. */
  readonly fields: Readonly<Record<string, { readonly from: unknown; readonly to: unknown }>>;
}

export interface EventsAnswer {
  /** Of the newest event here, or the one that was asked from: where to go on. */
  readonly revision: number;
  /** Oldest first. */
  readonly events: readonly Event[];
}
