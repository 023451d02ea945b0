import type { RowOf } from '@openvnet/model';
import type { ChangedBy, Reader, Store, Transaction } from '@openvnet/store';
import { mapInOrder } from '../in-order.ts';
import type { Behaviour, Surroundings } from './behaviour.ts';

const expiry: ChangedBy = { author: 'vnmgr', request: null, message: 'leases whose time is over' };

/** The longest wait: how late a change of the clock is noticed. */
const longestMs = 10_000;

export const ipRetention: Behaviour<'ip_retention'> = {
  // Whoever takes a lease from its interface, or gives it to one.
  async follow(tx, touched, { now }) {
    for (const { kind, before, after } of touched) {
      if (kind !== 'ip_lease' || !before || !after) continue;
      const had = before.interface_id !== null;
      const has = after.interface_id !== null;
      if (had === has) continue;
      for (const row of await tx.find('ip_retention', { ip_lease_id: after.id })) {
        if (!has && row.released_at === null) await tx.update('ip_retention', row.id, { released_at: now() });
        // A lease that is given again lasts from now on.
        if (has && row.released_at !== null) {
          await tx.update('ip_retention', row.id, { released_at: null, leased_at: now() });
        }
      }
    }
  },
  background: (store, around) => new Expiry(store, around),
};

/** Releases and removes leases when their time has come. What is due is in the store; only the next moment is kept here. */
class Expiry implements Disposable {
  readonly #store: Store;
  readonly #around: Surroundings;
  readonly #unsubscribe: () => void;
  #timer: NodeJS.Timeout | undefined;
  #next = Number.POSITIVE_INFINITY;
  #ended = false;

  constructor(store: Store, around: Surroundings) {
    this.#store = store;
    this.#around = around;
    this.#unsubscribe = store.subscribe(({ changes }) => {
      const rows: RowOf<'ip_retention'>[] = [];
      for (const change of changes) {
        // New times of a container count for all that is in it.
        if (change.kind === 'ip_retention_container' && change.row) this.#wakeAt(around.now());
        if (change.kind === 'ip_retention' && change.row) rows.push(change.row);
      }
      if (rows.length > 0) void this.#wakeFor(rows);
    });
    this.#wakeAt(around.now());
  }

  [Symbol.dispose](): void {
    this.#ended = true;
    clearTimeout(this.#timer);
    this.#unsubscribe();
  }

  #wakeAt(moment: number): void {
    if (this.#ended) return;
    const now = this.#around.now();
    // A clock that was set may have passed what is waited for.
    if (moment >= this.#next && this.#next > now) return;
    this.#next = Math.min(moment, this.#next);
    clearTimeout(this.#timer);
    const wait = Math.min(Math.max(this.#next - now, 0), longestMs);
    this.#timer = setTimeout(() => void this.#wake(), wait);
  }

  async #wake(): Promise<void> {
    this.#next = Number.POSITIVE_INFINITY;
    const { now } = this.#around;
    await this.#safely(async () => {
      await this.#store.transaction(expiry, async (tx) => {
        for (const row of await tx.find('ip_retention', {})) {
          if ((await dueOf(tx, row)) <= now()) await end(tx, row.id, now());
        }
      });
      await this.#wakeFor(await this.#store.find('ip_retention', {}));
    });
  }

  /** Wakes when the next of the leases is due. */
  async #wakeFor(rows: readonly RowOf<'ip_retention'>[]): Promise<void> {
    await this.#safely(async () => {
      const due = await this.#store.read((reader) => mapInOrder(rows, (row) => dueOf(reader, row)));
      for (const moment of due) this.#wakeAt(moment);
    });
  }

  async #safely(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (this.#ended) return;
      const { logger, now } = this.#around;
      logger.error({ err: error }, 'expired leases could not be ended; retrying');
      this.#wakeAt(now() + longestMs);
    }
  }
}

/** When the next thing happens to a lease: it is released, or removed. */
async function dueOf(reader: Reader, row: RowOf<'ip_retention'>): Promise<number> {
  const container = await reader.get('ip_retention_container', row.ip_retention_container_id);
  const { leased_at, released_at } = row;
  const seconds = released_at === null ? container?.lease_time : container?.grace_time;
  return seconds == null ? Number.POSITIVE_INFINITY : (released_at ?? leased_at) + seconds * 1000;
}

async function end(tx: Transaction, id: number, now: number): Promise<void> {
  // It may have gone with another one.
  const row = await tx.get('ip_retention', id);
  if (!row) return;
  if (row.released_at !== null) {
    await tx.remove('ip_lease', row.ip_lease_id);
    return;
  }
  await tx.update('ip_lease', row.ip_lease_id, { interface_id: null, mac_lease_id: null });
  await tx.update('ip_retention', id, { released_at: now });
}
