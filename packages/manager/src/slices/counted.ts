/** Sets by key, in which each value is as often as it was added. */
export class Counted<K, V> {
  readonly #sets = new Map<K, Map<V, number>>();

  /** Says whether the value is new. */
  add(key: K, value: V): boolean {
    const set = this.#sets.get(key) ?? new Map<V, number>();
    const count = set.get(value) ?? 0;
    this.#sets.set(key, set.set(value, count + 1));
    return count === 0;
  }

  /** Says whether that was the last of the value. */
  remove(key: K, value: V): boolean {
    const set = this.#sets.get(key);
    const count = set?.get(value);
    if (!set || count === undefined) return false;
    if (count > 1) {
      set.set(value, count - 1);
      return false;
    }
    set.delete(value);
    if (set.size === 0) this.#sets.delete(key);
    return true;
  }

  of(key: K): Iterable<V> {
    return this.#sets.get(key)?.keys() ?? [];
  }

  has(key: K): boolean {
    return this.#sets.has(key);
  }
}
