import { ApiError } from '@openvnet/model';

/** Work that is done one at a time for each of several things, such as reading all flows of a switch. */
export class Turns<K extends object> {
  readonly #most: number;
  readonly #waiting = new WeakMap<K, number>();
  readonly #last = new WeakMap<K, Promise<unknown>>();

  /** `most`: how many may wait for one thing; more are refused. */
  constructor(most: number) {
    this.#most = most;
  }

  /** Does `work` after what was asked for before; throws `ApiError` if too much was. Nothing is done after `signal`. */
  async take<T>(thing: K, name: string, work: () => Promise<T>, signal: AbortSignal): Promise<T | undefined> {
    const waiting = this.#waiting.get(thing) ?? 0;
    if (waiting >= this.#most) {
      throw new ApiError(
        'unavailable',
        `The switches of ${name} are being read for ${waiting} other requests; try again later`,
      );
    }
    this.#waiting.set(thing, waiting + 1);
    const before = this.#last.get(thing) ?? Promise.resolve();
    const own = before.then(() => (signal.aborted ? undefined : work()));
    this.#last.set(
      thing,
      own.catch(() => undefined),
    );
    return own.finally(() => this.#waiting.set(thing, this.#waiting.get(thing)! - 1));
  }
}
