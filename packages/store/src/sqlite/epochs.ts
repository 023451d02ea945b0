/**
 * An epoch is the time from one opening of the store to the next. A store that was restored from a copy begins another
 * one than the store that the copy was made of, so that two changes with one number can be told apart.
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

  /** Whether what was known at a revision of an epoch is part of the past of this store. */
  includes(epoch: string, revision: number): boolean {
    const index = this.#all.findIndex((one) => one.epoch === epoch);
    if (index < 0) return false;
    const end = this.#all[index + 1]?.began_at ?? Number.POSITIVE_INFINITY;
    return revision <= end;
  }
}
