/**
 * An epoch is the time from one opening of the store to the next. A store restored from a copy begins a different epoch
 * than the original store, so that two changes with the same revision can be told apart.
 */
import { randomUUID } from 'node:crypto';
import type { Database } from './database.ts';

interface Epoch {
  readonly epoch: string;
  /** The revision that the store had when it was opened. */
  readonly began_at: number;
}

export class Epochs {
  readonly current: string;
  readonly #all: readonly Epoch[];

  /** Begins a new one at `revision`. */
  constructor(database: Database, revision: number) {
    this.current = randomUUID();
    const insert = database.prepare('begin epoch', (builder, slot) =>
      builder.insertInto('epochs').values({ epoch: slot('epoch'), began_at: slot('began_at'), time: slot('time') }),
    );
    insert.run({ epoch: this.current, began_at: revision, time: new Date().toISOString() });
    const all = database.prepare('epochs', (builder) =>
      builder.selectFrom('epochs').select(['epoch', 'began_at']).orderBy('number'),
    );
    this.#all = all.all() as Epoch[];
  }

  /** Whether a revision of an epoch is in the history of this store. */
  includes(epoch: string, revision: number): boolean {
    const index = this.#all.findIndex((one) => one.epoch === epoch);
    if (index < 0) return false;
    const end = this.#all[index + 1]?.began_at ?? Number.POSITIVE_INFINITY;
    return revision <= end;
  }
}
