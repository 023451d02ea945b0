import type { Change, PortsReport } from '@openvnet/model';
import type { Topic } from './reach.ts';
import { Roots } from './roots.ts';

/** Most changes that are kept for an agent that is away; of more it gets its slice anew. */
const mostKept = 20_000;

export type Key = `${Change['kind']} ${number}`;

/** A host as far as its slice goes: what its agent reports, what it can reach, and what its agent was told. */
export class Host {
  readonly node: string;
  /** Ids of its bridges, as ever reported: a switch that is away for a while is still its. */
  readonly dpids = new Set<string>();
  /** The names of each port, by bridge and name. */
  readonly #ports = new Map<string, readonly string[]>();
  /** How many ports have each name. */
  readonly #names = new Map<string, number>();
  /** The datapaths that are registered of it. */
  own: ReadonlySet<number> = new Set();
  topics: ReadonlySet<Topic> = new Set();
  /** Rows that are to be looked at again. */
  touched = new Set<Key>();
  /** What has come into reach, and what has left it. */
  entering = new Roots();
  leaving = new Roots();
  /** Whether it is to get its slice anew. */
  anew = false;
  /** Whether its agent has reported all its ports. */
  hasReported = false;
  /** Revision of the newest change that concerned it, and the newest that its agent was told of. */
  concernedAt = 0;
  toldAt = 0;
  /** What was told, by revision, oldest first, as long as it is not known to have arrived. */
  readonly #told = new Map<Key, number>();
  /** From which revision on all is kept. */
  #from = Number.POSITIVE_INFINITY;

  constructor(node: string) {
    this.node = node;
  }

  /** Names of its ports, and what they are given as `external_ids:iface-id`. */
  names(): Iterable<string> {
    return this.#names.keys();
  }

  hasSome(names: ReadonlySet<string>): boolean {
    const [few, many] = names.size < this.#names.size ? [names, this.#names] : [this.#names, names];
    for (const name of few.keys()) if (many.has(name)) return true;
    return false;
  }

  /** Says whether anything is new. */
  reported({ set, gone, whole }: PortsReport): boolean {
    let isNew = false;
    this.hasReported ||= whole;
    if (whole) {
      const kept = new Set(set.map(([dpid, name]) => `${dpid} ${name}`));
      for (const key of [...this.#ports.keys()]) if (!kept.has(key)) isNew = this.#put(key, undefined);
    }
    for (const [dpid, name] of gone) isNew = this.#put(`${dpid} ${name}`, undefined) || isNew;
    for (const [dpid, name, ifaceId] of set)
      isNew = this.#put(`${dpid} ${name}`, ifaceId === null ? [name] : [name, ifaceId]) || isNew;
    return isNew;
  }

  #put(key: string, names: readonly string[] | undefined): boolean {
    const before = this.#ports.get(key);
    if (before?.join() === names?.join()) return false;
    for (const name of before ?? []) {
      const count = this.#names.get(name)! - 1;
      if (count > 0) this.#names.set(name, count);
      else this.#names.delete(name);
    }
    for (const name of names ?? []) this.#names.set(name, (this.#names.get(name) ?? 0) + 1);
    if (names) this.#ports.set(key, names);
    else this.#ports.delete(key);
    return true;
  }

  /** Notes that its agent is told of rows at `revision`. */
  tell(keys: Iterable<Key>, revision: number): void {
    for (const key of keys) {
      this.#told.delete(key);
      this.#told.set(key, revision);
    }
    if (this.#told.size <= mostKept) return;
    this.#told.clear();
    this.#from = revision + 1;
  }

  /** Its agent gets its whole slice as of `revision`. */
  tellAll(revision: number): void {
    this.#told.clear();
    this.#from = revision;
  }

  /** Its agent has carried out what it was told up to `revision`. */
  acknowledged(revision: number): void {
    if (revision <= this.#from) return;
    this.#from = revision;
    for (const [key, at] of this.#told) {
      if (at >= revision) return;
      this.#told.delete(key);
    }
  }

  /** The rows of which an agent with a copy as of `revision` may not have heard; undefined if that is not known. */
  toldSince(revision: number): Key[] | undefined {
    if (revision < this.#from) return undefined;
    return [...this.#told].filter(([, at]) => at >= revision).map(([key]) => key);
  }
}
