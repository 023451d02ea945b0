import type { Kind, ObjectStatus } from '@openvnet/model';
import type { Store } from '@openvnet/store';
import type { Agents } from './agents.ts';
import type { Facts } from './facts.ts';
import { judge } from './judge.ts';

interface Waiter {
  readonly kind: Kind;
  readonly id: number;
  readonly revision: number;
  readonly settle: (status: ObjectStatus | undefined) => void;
  readonly fail: (error: unknown) => void;
  /** Takes the status as it is now. */
  readonly giveUp: () => void;
}

/** Gathers the facts of one moment for `work`. */
type WithFacts = <T>(work: (facts: Facts) => Promise<T>) => Promise<T>;

/** Those who wait for an object to be in effect. They are looked at together, once after something has changed. */
export class WaitingRoom implements Disposable {
  readonly #waiters = new Set<Waiter>();
  readonly #withFacts: WithFacts;
  readonly #leave: (() => void)[];
  #due = false;

  constructor(store: Store, agents: Agents, withFacts: WithFacts) {
    this.#withFacts = withFacts;
    this.#leave = [store.subscribe(() => this.#look()), agents.subscribe(() => this.#look())];
  }

  /** The status when the object is in effect at `revision` or a newer one, or else after `waitMs`; undefined when it is gone. */
  async wait(
    { kind, id, revision }: Pick<Waiter, 'kind' | 'id' | 'revision'>,
    waitMs: number,
    signal: AbortSignal,
  ): Promise<ObjectStatus | undefined> {
    const now = await this.#status(kind, id, revision);
    if (!now || now.realised || waitMs <= 0 || signal.aborted) return now;
    return new Promise((resolve, reject) => {
      const leave = () => {
        clearTimeout(timer);
        signal.removeEventListener('abort', giveUp);
        this.#waiters.delete(waiter);
      };
      const giveUp = () => {
        leave();
        this.#status(kind, id, revision).then(resolve, reject);
      };
      const settle: Waiter['settle'] = (status) => {
        leave();
        resolve(status);
      };
      const fail: Waiter['fail'] = (error) => {
        leave();
        reject(error);
      };
      const timer = setTimeout(giveUp, waitMs);
      const waiter: Waiter = { kind, id, revision, settle, fail, giveUp };
      signal.addEventListener('abort', giveUp);
      this.#waiters.add(waiter);
      // What has changed since the status was taken has told nobody who waits.
      this.#look();
    });
  }

  [Symbol.dispose](): void {
    for (const leave of this.#leave) leave();
    for (const { giveUp } of this.#waiters) giveUp();
  }

  #status(kind: Kind, id: number, revision: number): Promise<ObjectStatus | undefined> {
    return this.#withFacts(async (facts) => {
      const row = await facts.reader.get(kind, id);
      return row && (await judge(facts, kind, [row], revision))[0]!.status;
    });
  }

  #look(): void {
    if (this.#due || this.#waiters.size === 0) return;
    this.#due = true;
    setImmediate(() => {
      this.#due = false;
      const waiters = [...this.#waiters];
      if (waiters.length === 0) return;
      this.#withFacts((facts) => settleThose(facts, waiters)).catch((error) => {
        for (const { fail } of waiters) fail(error);
      });
    });
  }
}

/** Settles those for whom the waiting is over. */
async function settleThose(facts: Facts, waiters: readonly Waiter[]): Promise<void> {
  for (const [kind, ofKind] of Map.groupBy(waiters, (waiter) => waiter.kind)) {
    const wanted = Map.groupBy(ofKind, ({ id }) => id);
    const rows = await facts.reader.find(kind, { id: [...wanted.keys()] });
    const gone = new Set(wanted.keys());
    for (const row of rows) gone.delete(row.id);
    for (const id of gone) for (const { settle } of wanted.get(id)!) settle(undefined);
    for (const [i, { status, acknowledged }] of (await judge(facts, kind, rows)).entries()) {
      if (!status.realised) continue;
      for (const { settle, revision } of wanted.get(rows[i]!.id)!) if (acknowledged >= revision) settle(status);
    }
  }
}
