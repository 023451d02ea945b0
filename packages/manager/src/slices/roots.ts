import type { Kind, RowOf } from '@openvnet/model';
import type { Reader } from '@openvnet/store';
import { belonging, published, type Root } from './published.ts';
import type { Topic } from './reach.ts';
import type { Domain, Structure } from './structure.ts';

export interface FoundRow {
  readonly kind: Kind;
  readonly id: number;
  readonly row: RowOf<Kind>;
}

/** Objects of which the rows are to be read, with all that belongs to them. */
export class Roots {
  readonly #ids: { readonly [R in Root]: Set<number> } = {
    datapath: new Set(),
    network: new Set(),
    segment: new Set(),
    route_link: new Set(),
    interface: new Set(),
  };
  readonly #scoped = { here: new Set<number>(), gateway: new Set<number>() };

  /** Whether nothing is to be read. */
  isEmpty = true;

  add(structure: Structure, topic: Topic): void {
    this.isEmpty = false;
    const [word, text] = topic.split(' ') as [string, string];
    const id = Number(text);
    if (word === 'datapath') this.#ids.datapath.add(id);
    else if (word === 'router') this.#ids.route_link.add(id);
    else if (word === 'gateway') this.#scoped.gateway.add(id);
    else if (word === 'here') {
      this.#ids.interface.add(id);
      this.#scoped.here.add(id);
      this.#scoped.gateway.add(id);
    } else {
      const { networks, segments } = structure.objectsOf(topic as Domain);
      for (const one of networks) this.#ids.network.add(one);
      for (const one of segments) this.#ids.segment.add(one);
      for (const one of structure.membersOf(topic as Domain)) this.#ids.interface.add(one);
    }
  }

  addInterface(id: number): void {
    this.isEmpty = false;
    this.#ids.interface.add(id);
  }

  /** All rows, kind by kind. */
  async read(reader: Reader, take: (found: FoundRow) => void): Promise<void> {
    for (const [kind, ids] of Object.entries(this.#ids) as [Root, Set<number>][]) {
      if (ids.size > 0) for (const row of await reader.find(kind, { id: [...ids] })) take({ kind, id: row.id, row });
      await this.#descend(reader, kind, [...ids], take);
    }
  }

  async #descend(reader: Reader, kind: Kind, ids: readonly number[], take: (found: FoundRow) => void): Promise<void> {
    for (const child of belonging.get(kind) ?? []) {
      const { of, scope } = published[child]!;
      const parents = scope ? [...this.#scoped[scope]] : ids;
      if (parents.length === 0) continue;
      const rows = await reader.find(child, { [of!.column]: parents } as never);
      for (const row of rows) take({ kind: child, id: row.id, row });
      await this.#descend(
        reader,
        child,
        rows.map(({ id }) => id),
        take,
      );
    }
  }
}
