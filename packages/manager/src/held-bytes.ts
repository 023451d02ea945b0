/** Bytes of memory that others hold here, by who holds them. */
export class HeldBytes<K> {
  readonly #bytes = new Map<K, number>();
  #total = 0;

  get total(): number {
    return this.#total;
  }

  of(holder: K): number {
    return this.#bytes.get(holder) ?? 0;
  }

  /** Adds bytes, or takes them away where negative; a holder never has less than none. */
  add(holder: K, bytes: number): void {
    const before = this.of(holder);
    const after = Math.max(0, before + bytes);
    this.#total += after - before;
    // Moves it to the end.
    this.#bytes.delete(holder);
    this.#bytes.set(holder, after);
  }

  /** Forgets a holder; says how much it had. */
  release(holder: K): number {
    const bytes = this.of(holder);
    this.#total -= bytes;
    this.#bytes.delete(holder);
    return bytes;
  }

  /** Who has not moved for the longest. */
  stalest(): K | undefined {
    return this.#bytes.keys().next().value;
  }
}
