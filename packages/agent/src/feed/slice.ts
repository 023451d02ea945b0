import { isDeepStrictEqual } from 'node:util';
import { type Identified, type ModelRelations, modelRelations, type Relation } from '@openvnet/compiler';
import { type AgentChange, type Kind, kinds, sliceMark, type ToAgent } from '@openvnet/model';

export type SliceMessage = Extract<ToAgent, { type: 'snapshot' | 'changes' }>;
export type Snapshot = Extract<ToAgent, { type: 'snapshot' }>;

/** The store, epoch and revision of the copy. */
export interface Position {
  readonly store: string;
  readonly revision: number;
  /** Missing from managers of older versions. */
  readonly epoch?: string;
}

/** The agent's part of the model, as received from the manager. Unchanged rows are not touched. */
export class Slice {
  readonly relations: ModelRelations = modelRelations();
  #store: string | undefined;
  #epoch: string | undefined;
  #revision = 0;

  /** The position of the copy; undefined while there is none. */
  get position(): Position | undefined {
    if (this.#store === undefined) return undefined;
    return { store: this.#store, revision: this.#revision, ...(this.#epoch !== undefined && { epoch: this.#epoch }) };
  }

  /** Whether there are other hosts, of which this one may know none. */
  get isPart(): boolean {
    return this.#epoch?.endsWith(sliceMark) ?? false;
  }

  get revision(): number {
    return this.#revision;
  }

  /** Applies a message of the manager; returns the changed kinds. An incomplete message is refused as a whole. */
  apply(message: SliceMessage): ReadonlySet<Kind> {
    const changed = new Set<Kind>();
    requireWhole(message);
    if (message.type === 'changes') {
      for (const { kind, id, row } of message.changes) {
        if (this.#put(kind, id, row)) changed.add(kind);
      }
    } else {
      for (const kind of kinds) {
        const rows: readonly Identified[] = message.rows[kind] ?? [];
        const wanted = new Set(rows.map(({ id }) => id));
        const gone = [...this.#relation(kind).rows()].filter(({ id }) => !wanted.has(id));
        for (const { id } of gone) this.#put(kind, id, null);
        for (const row of rows) this.#put(kind, row.id, row);
        changed.add(kind);
      }
    }
    this.#store = message.store;
    this.#epoch = message.epoch;
    this.#revision = message.revision;
    return changed;
  }

  /** Discards a copy that cannot be used. */
  clear(): void {
    this.apply({ type: 'snapshot', store: '', revision: 0, rows: {} });
    this.#store = undefined;
  }

  /** The whole copy, in the form in which the manager sends it. */
  snapshot(): Snapshot {
    const rows = Object.fromEntries(kinds.map((kind) => [kind, [...this.#relation(kind).rows()]])) as Snapshot['rows'];
    const { store = '', revision = 0, epoch } = this.position ?? {};
    return { type: 'snapshot', store, revision, ...(epoch !== undefined && { epoch }), rows };
  }

  #relation(kind: Kind): Relation<Identified> {
    return this.relations[kind] as unknown as Relation<Identified>;
  }

  #put(kind: Kind, id: number, row: Identified | AgentChange['row']): boolean {
    // A newer manager may send more kinds.
    if (!Object.hasOwn(this.relations, kind)) return false;
    const relation = this.#relation(kind);
    if (row === null) {
      relation.delete(id);
      return true;
    }
    const before = relation.get(id);
    if (before && isDeepStrictEqual(before, row)) return false;
    relation.set(row);
    return true;
  }
}

/** Throws if a message cannot be applied completely, because a part of it would delete objects that the rest contains. */
function requireWhole(message: SliceMessage): void {
  const whole =
    message.type === 'changes'
      ? isList(message.changes) && message.changes.every(({ row }) => row === null || isRow(row))
      : Object.values(message.rows).every((rows) => isList(rows) && rows.every(isRow));
  if (!whole) throw new TypeError(`a message of type ${message.type} is not whole`);
}

function isList(value: unknown): boolean {
  return Array.isArray(value) && value.every((item) => typeof item === 'object' && item !== null);
}

function isRow(row: Identified): boolean {
  return Number.isInteger(row?.id);
}
