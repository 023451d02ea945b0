import type { EncodedFlow } from '@openvnet/openflow';

/** Bytes. */
const cookieSize = 8;

/**
 * The flows that should be in a switch, and which of them have changed since somebody asked. Where two items claim the
 * same table, priority and match, the one with the lower cookie has it, whichever came first, and the other is named in
 * `conflicts` unless it says the same: a body begins with the cookie, so that the lower body is the lower cookie.
 */
export class FlowTable {
  readonly #bodies = new Map<string, string>();
  /** Bodies of keys that more than one item claims, in order; the first is in `#bodies`. */
  readonly #claims = new Map<string, string[]>();
  #touched = new Set<string>();

  get size(): number {
    return this.#bodies.size;
  }

  get(key: string): string | undefined {
    return this.#bodies.get(key);
  }

  keys(): MapIterator<string> {
    return this.#bodies.keys();
  }

  /** How many claims there are, those that lost included. */
  get claimed(): number {
    let lost = 0;
    for (const claims of this.#claims.values()) lost += claims.length - 1;
    return this.#bodies.size + lost;
  }

  /** Whether an item's flow is here, or has lost to another's. */
  claims({ key, body }: EncodedFlow): boolean {
    return this.#claims.get(key)?.includes(body) ?? this.#bodies.get(key) === body;
  }

  /** Takes exactly these in place of all that is here; gives the keys that differ. */
  adopt(flows: Iterable<EncodedFlow>): string[] {
    const before = new Map(this.#bodies);
    const touched = this.takeTouched();
    this.#bodies.clear();
    this.#claims.clear();
    for (const flow of flows) this.add(flow);
    const differ = [...new Set([...before.keys(), ...this.#bodies.keys()])].filter(
      (key) => before.get(key) !== this.#bodies.get(key),
    );
    this.#touched = touched;
    for (const key of differ) touched.add(key);
    return differ;
  }

  /** Keys that changed since the last call. */
  takeTouched(): Set<string> {
    const touched = this.#touched;
    this.#touched = new Set();
    return touched;
  }

  get touched(): number {
    return this.#touched.size;
  }

  /** Bodies that lost their key to another item's, which does something else. */
  *conflicts(): Generator<{ key: string; winner: string; losers: readonly string[] }> {
    for (const [key, [winner, ...claims]] of this.#claims) {
      const losers = claims.filter((body) => body.slice(cookieSize) !== winner!.slice(cookieSize));
      if (losers.length > 0) yield { key, winner: winner!, losers };
    }
  }

  add({ key, body }: EncodedFlow): void {
    const claims = this.#claims.get(key);
    const present = this.#bodies.get(key);
    if (claims) claims.push(body);
    else if (present !== undefined) this.#claims.set(key, [present, body]);
    if (present === undefined) this.#put(key, body);
    else this.#settle(key);
  }

  remove({ key, body }: EncodedFlow): void {
    const claims = this.#claims.get(key);
    if (!claims) {
      this.#bodies.delete(key);
      this.#touched.add(key);
      return;
    }
    claims.splice(claims.indexOf(body), 1);
    this.#settle(key);
    if (claims.length === 1) this.#claims.delete(key);
  }

  #settle(key: string): void {
    const claims = this.#claims.get(key)!.sort();
    if (this.#bodies.get(key) !== claims[0]) this.#put(key, claims[0]!);
  }

  #put(key: string, body: string): void {
    this.#bodies.set(key, body);
    this.#touched.add(key);
  }
}
