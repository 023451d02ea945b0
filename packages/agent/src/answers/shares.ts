/** Limits of a shared resource: for one client and for all together. */
export interface Most {
  readonly each: number;
  readonly all: number;
}

/**
 * Shares a limited resource among clients. A client may hold at most `each`, and at most as much as is still free, so that
 * some remains for a client that holds nothing, however many clients take all they can. A. K. Choudhury and E. L. Hahne,
 * "Dynamic queue length thresholds for shared-memory packet switches", 1998.
 */
export class Shares {
  readonly #most: Most;
  readonly #held = new Map<string, number>();
  #size = 0;

  constructor(most: Most) {
    this.#most = most;
  }

  /** The amount that all clients hold. */
  get size(): number {
    return this.#size;
  }

  /** Takes one unit for `client`; false if it already has its share. */
  take(client: string): boolean {
    const held = this.#held.get(client) ?? 0;
    if (held >= Math.min(this.#most.each, this.#most.all - this.#size)) return false;
    this.#held.set(client, held + 1);
    this.#size++;
    return true;
  }

  /** Returns one unit of `client`. */
  giveBack(client: string): void {
    const left = this.#held.get(client)! - 1;
    if (left > 0) this.#held.set(client, left);
    else this.#held.delete(client);
    this.#size--;
  }
}
