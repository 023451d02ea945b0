/** What clients may hold of something that there is only so much of: one client, and all together. */
export interface Most {
  readonly each: number;
  readonly all: number;
}

/**
 * Counts what clients hold of something limited. A client may hold no more than `each`, and no more than is still free:
 * however many clients take what they can get, one that holds nothing finds some left. A. K. Choudhury and E. L. Hahne,
 * "Dynamic queue length thresholds for shared-memory packet switches", 1998.
 */
export class Shares {
  readonly #most: Most;
  readonly #held = new Map<string, number>();
  #size = 0;

  constructor(most: Most) {
    this.#most = most;
  }

  /** What all clients hold. */
  get size(): number {
    return this.#size;
  }

  /** Takes one more for `client`; false if it has its share already. */
  take(client: string): boolean {
    const held = this.#held.get(client) ?? 0;
    if (held >= Math.min(this.#most.each, this.#most.all - this.#size)) return false;
    this.#held.set(client, held + 1);
    this.#size++;
    return true;
  }

  /** Gives one back that `client` has taken. */
  giveBack(client: string): void {
    const left = this.#held.get(client)! - 1;
    if (left > 0) this.#held.set(client, left);
    else this.#held.delete(client);
    this.#size--;
  }
}
