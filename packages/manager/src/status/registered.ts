import type { RowOf } from '@openvnet/model';
import type { Store } from '@openvnet/store';
import type { Agent } from './agents.ts';
import { digitsOf } from './facts.ts';

/** Which agents have to do with a registered datapath: by the name of its node, or by a bridge. */
export class Registered implements Disposable {
  readonly #datapaths = new Map<number, RowOf<'datapath'>>();
  readonly #stop: () => void;

  private constructor(store: Store) {
    this.#stop = store.subscribe(({ changes }) => {
      for (const { kind, id, row } of changes) {
        if (kind !== 'datapath') continue;
        if (row) this.#datapaths.set(id, row);
        else this.#datapaths.delete(id);
      }
    });
  }

  static async open(store: Store): Promise<Registered> {
    const registered = new Registered(store);
    for (const row of await store.find('datapath', {})) registered.#datapaths.set(row.id, row);
    return registered;
  }

  has({ node, bridges }: Pick<Agent, 'node' | 'bridges'>): boolean {
    const seen = new Set(bridges.map(({ dpid }) => digitsOf(dpid)));
    for (const { node_id, dpid } of this.#datapaths.values()) if (node_id === node || seen.has(dpid)) return true;
    return false;
  }

  [Symbol.dispose](): void {
    this.#stop();
  }
}
