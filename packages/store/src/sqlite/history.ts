/**
 * The log of changes: object, revision, author, and the object before and after. Entries are never deleted. A store of an
 * earlier version recorded only the last change of each object; the other columns of those entries are null.
 */
import { randomUUID } from 'node:crypto';
import type { Change, Kind } from '@openvnet/model';
import { type Kysely, sql } from 'kysely';
import type { ChangedBy, Logged } from '../reader.ts';
import type { Touched } from '../store.ts';
import type { AnyTables, Database } from './database.ts';
import type { Rows } from './rows.ts';

interface State {
  readonly id: string;
  readonly revision: number;
  /** Changes of older revisions are no longer known. */
  readonly oldest: number;
}

type LoggedRow = Omit<Logged, 'id' | 'removed' | 'before' | 'after'> & {
  object_id: number;
  removed: number;
  before: string | null;
  after: string | null;
};

const changeColumns = ['revision', 'kind', 'object_id', 'removed', 'before', 'after'];
const loggedAtOnce = 32;

export class History {
  readonly store: string;
  readonly #database: Database;
  readonly #rows: Rows;
  readonly #mostMissed: number;
  #state: State;

  constructor(database: Database, rows: Rows, mostMissed: number) {
    this.#database = database;
    this.#rows = rows;
    this.#mostMissed = mostMissed;
    this.#state = this.#load();
    this.store = this.#state.id;
  }

  get revision(): number {
    return this.#state.revision;
  }

  /** Logs the changes of a transaction, within that transaction, under the next revision. Returns the revision. */
  record(by: ChangedBy, touched: readonly Touched[]): number {
    const revision = this.#state.revision + 1;
    const commit = this.#database.prepare('record commit', (builder, slot) =>
      builder.insertInto('commits').values({
        revision: slot('revision'),
        time: slot('time'),
        author: slot('author'),
        request: slot('request'),
        message: slot('message'),
      }),
    );
    commit.run({ ...by, revision, time: new Date().toISOString() });
    this.#log(revision, touched);
    const save = this.#database.prepare('save', (builder, slot) =>
      builder.updateTable('store').set({ revision: slot('revision') }),
    );
    save.run({ revision });
    this.#state = { ...this.#state, revision };
    return revision;
  }

  /** Inserts several at a time, which takes half the time of single inserts. */
  #log(revision: number, touched: readonly Touched[]): void {
    for (let from = 0; from < touched.length; ) {
      const some = touched.length - from < loggedAtOnce ? 1 : loggedAtOnce;
      const statement = this.#database.prepare(`record ${some} changes`, (builder, slot) => {
        const change = Object.fromEntries(changeColumns.map((name) => [name, slot(name)]));
        return builder.insertInto('changes').values(Array.from({ length: some }, () => change));
      });
      const values: (string | number | null)[] = [];
      for (const { kind, before, after } of touched.slice(from, from + some)) {
        values.push(revision, kind, (after ?? before)!.id, after ? 0 : 1, textOf(before), textOf(after));
      }
      statement.runWith(values);
      from += some;
    }
  }

  /** Takes back the revisions of transactions that were rolled back. */
  returnTo(revision: number): void {
    this.#state = { ...this.#state, revision };
  }

  since(revision: number): Change[] | undefined {
    const { oldest, revision: newest } = this.#state;
    if (revision < oldest || revision > newest) return undefined;
    const found = this.#database
      .prepare('since', (builder, slot) =>
        builder
          .selectFrom('changes')
          .select(['kind', 'object_id', 'removed'])
          .where('revision', '>', slot('revision'))
          // In this order the index by revision serves; by the id alone SQLite reads the log from its beginning.
          .orderBy('revision')
          .orderBy('id')
          .limit(slot('limit')),
      )
      .all({ revision, limit: this.#mostMissed + 1 }) as { kind: Kind; object_id: number; removed: number }[];
    if (found.length > this.#mostMissed) return undefined;
    // In the order of their last changes.
    const last = new Map<string, Change>();
    for (const { kind, object_id: id, removed } of found) {
      const key = `${kind} ${id}`;
      last.delete(key);
      last.set(key, { kind, id, row: removed ? null : this.#rows.one(kind, 'id', id) } as Change);
    }
    return [...last.values()];
  }

  revisionsOf(kind: Kind, ids: readonly number[]): Map<number, number> {
    if (ids.length === 0) return new Map();
    const rows = this.#database
      .prepare('revisions', (builder, slot) =>
        builder.selectFrom(sql<{ value: number }>`json_each(${slot('ids')})`.as('wanted')).select((ask) => [
          'wanted.value as object_id',
          ask
            .selectFrom('changes')
            .select((of) => of.fn.max<number | null>('revision').as('newest'))
            .where('kind', '=', slot('kind'))
            .whereRef('object_id', '=', 'wanted.value')
            .as('revision'),
        ]),
      )
      .all({ kind, ids: JSON.stringify(ids) }) as { object_id: number; revision: number | null }[];
    return new Map(rows.flatMap((row) => (row.revision === null ? [] : [[row.object_id, row.revision] as const])));
  }

  log(of: { readonly kind: Kind; readonly id: number } | { readonly revision: number }): Logged[] {
    const ofRevision = 'revision' in of;
    const statement = this.#database.prepare(`log ${ofRevision}`, (builder, slot) => {
      const all = logged(builder).orderBy('changes.id', 'desc');
      return ofRevision
        ? all.where('changes.revision', '=', slot('revision'))
        : all.where('kind', '=', slot('kind')).where('object_id', '=', slot('id'));
    });
    return (statement.all({ ...of }) as LoggedRow[]).map(readLogged);
  }

  logAfter(revision: number, mostRevisions: number): Logged[] {
    const statement = this.#database.prepare('log after', (builder, slot) =>
      logged(builder)
        .where('changes.revision', '>', slot('revision'))
        .where('changes.revision', '<=', slot('last'))
        .orderBy('changes.id'),
    );
    return (statement.all({ revision, last: revision + mostRevisions }) as LoggedRow[]).map(readLogged);
  }

  #load(): State {
    const load = this.#database.prepare('load', (builder) => builder.selectFrom('store').selectAll());
    const found = load.one() as State | undefined;
    if (found) return { ...found };
    const made = { id: randomUUID(), revision: 0, oldest: 0 };
    this.#database.prepare('found', (builder) => builder.insertInto('store').values(made)).run();
    return made;
  }
}

/** Every change, with its author. */
function logged(builder: Kysely<AnyTables>) {
  return builder
    .selectFrom('changes')
    .leftJoin('commits', 'commits.revision', 'changes.revision')
    .select(['changes.revision', 'kind', 'object_id', 'removed', 'before', 'after'])
    .select(['time', 'author', 'request', 'message']);
}

function readLogged({ object_id, removed, before, after, ...row }: LoggedRow): Logged {
  return {
    ...row,
    author: row.author ?? '',
    id: object_id,
    removed: removed === 1,
    before: rowOf(before),
    after: rowOf(after),
  };
}

function textOf(row: object | null): string | null {
  return row && JSON.stringify(row);
}

function rowOf(text: string | null): Logged['before'] {
  return text === null ? null : JSON.parse(text);
}
