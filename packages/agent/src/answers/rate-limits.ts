import type { Limit } from '@openvnet/compiler';

/** Token buckets by name. Buckets that are full again are deleted, so memory is bounded by the recently active names. */
export class RateLimits {
  readonly #buckets = new Map<string, { tokens: number; at: number; limit: Limit }>();

  get size(): number {
    return this.#buckets.size;
  }

  /** Takes a token of `name`; false if there is none. */
  admit(name: string, limit: Limit, now = performance.now()): boolean {
    const bucket = this.#buckets.get(name) ?? { tokens: limit.burst, at: now, limit };
    this.#buckets.set(name, bucket);
    bucket.tokens = Math.min(limit.burst, bucket.tokens + ((now - bucket.at) / 1000) * limit.perSecond);
    bucket.at = now;
    if (bucket.tokens < 1) return false;
    bucket.tokens--;
    return true;
  }

  forget(now = performance.now()): void {
    for (const [name, { at, limit }] of this.#buckets)
      if (now - at > (limit.burst / limit.perSecond) * 1000) this.#buckets.delete(name);
  }
}
