import type { Kind, ObjectStatus } from '@openvnet/model';
import type { Store } from '@openvnet/store';
import type { Agents } from './agents.ts';
import type { Facts } from './facts.ts';
import { judge } from './findings.ts';

interface Waiter {
  readonly kind: Kind;
  readonly id: number;
  readonly revision: number;
  readonly settle: (status: ObjectStatus | undefined) => void;
}

/** Those who wait for an object to be in effect. They are looked at together, once after something has changed. */
export class WaitingRoom implements Disposable {
  readonly #waiters = new Set<Waiter>();
  readonly #facts: () => Facts;
  readonly #leave: (() => void)[];
  #due = false;

  constructor(store: Store, agents: Agents, facts: () => Facts) {
    this.#facts = facts;
    this.#leave = [store.subscribe(() => this.#look()), agents.subscribe(() => this.#look())];
  }

  /** The status when the object is in effect at `revision` or a newer one, or else after `waitMs`; undefined when it is gone. */
  wait(
    { kind, id, revision }: Pick<Waiter, 'kind' | 'id' | 'revision'>,
    waitMs: number,
    signal: AbortSignal,
  ): Promise<ObjectStatus | undefined> {
    const now = this.#status(kind, id, revision);
    if (!now || now.realised || waitMs <= 0 || signal.aborted) return Promise.resolve(now);
    return new Promise((resolve) => {
      const settle = (status: ObjectStatus | undefined) => {
        clearTimeout(timer);
        signal.removeEventListener('abort', giveUp);
        this.#waiters.delete(waiter);
        resolve(status);
      };
      const giveUp = () => settle(this.#status(kind, id, revision));
      const timer = setTimeout(giveUp, waitMs);
      const waiter: Waiter = { kind, id, revision, settle };
      signal.addEventListener('abort', giveUp);
      this.#waiters.add(waiter);
    });
  }

  [Symbol.dispose](): void {
    for (const leave of this.#leave) leave();
    for (const { settle, kind, id, revision } of this.#waiters) settle(this.#status(kind, id, revision));
  }

  #status(kind: Kind, id: number, revision: number): ObjectStatus | undefined {
    const facts = this.#facts();
    const row = facts.store.get(kind, id);
    return row && judge(facts, kind, [row], revision)[0]!.status;
  }

  #look(): void {
    if (this.#due || this.#waiters.size === 0) return;
    this.#due = true;
    setImmediate(() => {
      this.#due = false;
      if (this.#waiters.size === 0) return;
      const facts = this.#facts();
      for (const [kind, waiters] of Map.groupBy(this.#waiters, ({ kind }) => kind)) {
        const wanted = Map.groupBy(waiters, ({ id }) => id);
        const rows = facts.store.find(kind, { id: [...wanted.keys()] });
        const gone = new Set(wanted.keys());
        for (const row of rows) gone.delete(row.id);
        for (const id of gone) for (const { settle } of wanted.get(id)!) settle(undefined);
        judge(facts, kind, rows).forEach(({ status, acknowledged }, i) => {
          if (!status.realised) return;
          for (const { settle, revision } of wanted.get(rows[i]!.id)!) if (acknowledged >= revision) settle(status);
        });
      }
    });
  }
}
