import type { EncodedFlow } from '@openvnet/openflow';

/** Bytes. */
const cookieSize = 8;

/**
 * The flows that should be in a switch, and which of them have changed since somebody asked. Where two items claim the
 * same table, priority and match, the one with the lower cookie has it, whichever came first, and the other is named in
 * `conflicts` unless it says the same: a body begins with the cookie, so that the lower body is the lower cookie.
 */
export class FlowTable {
  readonly #flows = new Map<string, EncodedFlow>();
  /** Flows of keys that more than one item claims, in order; the first is in `#flows`. */
  readonly #claims = new Map<string, EncodedFlow[]>();
  #touched = new Set<string>();
  #taken = false;

  get size(): number {
    return this.#flows.size;
  }

  /** The body of a flow. */
  get(key: string): string | undefined {
    return this.#flows.get(key)?.body;
  }

  flow(key: string): EncodedFlow | undefined {
    return this.#flows.get(key);
  }

  keys(): MapIterator<string> {
    return this.#flows.keys();
  }

  /** How many claims there are, those that lost included. */
  get claimed(): number {
    let lost = 0;
    for (const claims of this.#claims.values()) lost += claims.length - 1;
    return this.#flows.size + lost;
  }

  /** Whether an item's flow is here, or has lost to another's. */
  claims({ key, body }: EncodedFlow): boolean {
    return this.#claims.get(key)?.some((claim) => claim.body === body) ?? this.get(key) === body;
  }

  /** Takes exactly these in place of all that is here; gives the keys that differ. */
  adopt(flows: Iterable<EncodedFlow>): string[] {
    const before = new Map(this.#flows);
    const touched = this.takeTouched();
    this.#flows.clear();
    this.#claims.clear();
    for (const flow of flows) this.add(flow);
    const differ = [...new Set([...before.keys(), ...this.#flows.keys()])].filter(
      (key) => before.get(key)?.body !== this.get(key),
    );
    this.#touched = touched;
    for (const key of differ) touched.add(key);
    return differ;
  }

  /** Whether nobody has taken what changed yet, so that everything here is among it. */
  get untaken(): boolean {
    return !this.#taken;
  }

  /** Keys that changed since the last call. */
  takeTouched(): Set<string> {
    const touched = this.#touched;
    this.#touched = new Set();
    this.#taken = true;
    return touched;
  }

  get touched(): number {
    return this.#touched.size;
  }

  /** Bodies that lost their key to another item's, which does something else. */
  *conflicts(): Generator<{ key: string; winner: string; losers: readonly string[] }> {
    for (const [key, claims] of this.#claims) {
      const [winner, ...others] = claims.map(({ body }) => body);
      const losers = others.filter((body) => body.slice(cookieSize) !== winner!.slice(cookieSize));
      if (losers.length > 0) yield { key, winner: winner!, losers };
    }
  }

  add(flow: EncodedFlow): void {
    const { key } = flow;
    const present = this.#flows.get(key);
    if (present === undefined) this.#put(flow);
    else {
      const claims = this.#claims.get(key);
      if (claims) claims.push(flow);
      else this.#claims.set(key, [present, flow]);
      this.#settle(key);
    }
  }

  remove({ key, body }: EncodedFlow): void {
    const claims = this.#claims.get(key);
    if (!claims) {
      this.#flows.delete(key);
      this.#touched.add(key);
      return;
    }
    claims.splice(
      claims.findIndex((claim) => claim.body === body),
      1,
    );
    this.#settle(key);
    if (claims.length === 1) this.#claims.delete(key);
  }

  #settle(key: string): void {
    const [first] = this.#claims.get(key)!.sort((a, b) => (a.body < b.body ? -1 : 1));
    if (this.get(key) !== first!.body) this.#put(first!);
  }

  #put(flow: EncodedFlow): void {
    this.#flows.set(flow.key, flow);
    this.#touched.add(flow.key);
  }
}
