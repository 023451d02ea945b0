/**
 * When each object last changed. One row for each object that is there or was removed; of removed ones the newest are
 * kept, so that the history is bounded and a copy that is not too old can be brought up to date.
 */
import { randomUUID } from 'node:crypto';
import type { Change, Kind } from '@openvnet/model';
import { sql } from 'kysely';
import type { Reader } from './reader.ts';
import type { Sqlite } from './sqlite.ts';

export interface History {
  readonly store: string;
  revision(): number;
  /** Notes what a commit changed, under the next revision, which it returns. In the same transaction. */
  record(changes: readonly Change[]): number;
  /** Takes the revision back that a failed commit had taken. */
  reload(): void;
  /** What changed after `revision`; `undefined` when that is too long ago, or was never. */
  since(revision: number): Change[] | undefined;
  /** The revision at which each of the objects last changed. */
  revisionsOf(kind: Kind, ids: readonly number[]): Map<number, number>;
}

type State = { id: string; revision: number; oldest: number };

/** `keep` is how many removed objects are remembered at least. */
export function historyOf(sqlite: Sqlite, reader: Reader, keep: number): History {
  let state = load();
  let removed = countRemoved();

  return {
    store: state.id,
    revision: () => state.revision,
    record(changes) {
      const revision = state.revision + 1;
      for (const { kind, id, row } of changes) {
        sqlite.run(
          'record',
          (builder) =>
            builder
              .insertInto('object_revisions')
              .values({ kind, object_id: id, removed: 0, revision })
              .onConflict((conflict) =>
                conflict.columns(['kind', 'object_id']).doUpdateSet((ask) => ({
                  removed: ask.ref('excluded.removed'),
                  revision: ask.ref('excluded.revision'),
                })),
              ),
          [kind, id, Number(row === null), revision],
        );
        if (row === null) removed++;
      }
      const oldest = removed > 2 * keep ? trim() : state.oldest;
      save({ ...state, revision, oldest });
      return revision;
    },
    reload() {
      state = load();
      removed = countRemoved();
    },
    since(revision) {
      if (revision < state.oldest || revision > state.revision) return undefined;
      const rows = sqlite.all(
        'since',
        (builder) =>
          builder
            .selectFrom('object_revisions')
            .select(['kind', 'object_id', 'removed'])
            .where('revision', '>', 0)
            .orderBy('revision'),
        [revision],
      ) as { kind: Kind; object_id: number; removed: number }[];
      return rows.map(
        ({ kind, object_id, removed }) =>
          ({ kind, id: object_id, row: removed ? null : (reader.get(kind, object_id) ?? null) }) as Change,
      );
    },
    revisionsOf(kind, ids) {
      const rows = sqlite.all(
        'revisions',
        (builder) =>
          builder
            .selectFrom('object_revisions')
            .select(['object_id', 'revision'])
            .where('kind', '=', '')
            .where('object_id', 'in', sql<number>`(select value from json_each(${''}))`),
        [kind, JSON.stringify(ids)],
      ) as { object_id: number; revision: number }[];
      return new Map(rows.map((row) => [row.object_id, row.revision]));
    },
  };

  function load(): State {
    const found = sqlite.one('load', (builder) => builder.selectFrom('store').selectAll(), []) as State | undefined;
    if (found) return { ...found };
    const made = { id: randomUUID(), revision: 0, oldest: 0 };
    sqlite.run('found', (builder) => builder.insertInto('store').values(made), [made.id, made.revision, made.oldest]);
    return made;
  }

  function save(next: State): void {
    sqlite.run('save', (builder) => builder.updateTable('store').set({ revision: 0, oldest: 0 }), [
      next.revision,
      next.oldest,
    ]);
    state = next;
  }

  function countRemoved(): number {
    const row = sqlite.one(
      'removed',
      (builder) =>
        builder
          .selectFrom('object_revisions')
          .select((ask) => ask.fn.countAll<number>().as('total'))
          .where('removed', '=', 0),
      [1],
    );
    return (row as { total: number }).total;
  }

  /** Forgets removed objects beyond the newest `keep`, and gives the oldest revision that can still be answered. */
  function trim(): number {
    const last = sqlite.one(
      'last kept',
      (builder) =>
        builder
          .selectFrom('object_revisions')
          .select('revision')
          .where('removed', '=', 0)
          .orderBy('revision', 'desc')
          .limit(1)
          .offset(0),
      [1, 1, keep],
    ) as { revision: number } | undefined;
    if (!last) return state.oldest;
    sqlite.run(
      'forget',
      (builder) => builder.deleteFrom('object_revisions').where('removed', '=', 0).where('revision', '<=', 0),
      [1, last.revision],
    );
    removed = countRemoved();
    return last.revision;
  }
}
