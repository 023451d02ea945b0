/**
 * Who is told of what. A host is told of the rows that its ports can reach; which those are follows from how rows refer to each
 * other, which is held here, and from the ports that its agent reports. A change costs as much as there are hosts that it concerns.
 */
import type { Change, Kind, PortsReport, RowOf } from '@openvnet/model';
import type { Reader } from '@openvnet/store';
import { digitsOf } from '../status/facts.ts';
import type { Host, Key } from './host.ts';
import { type Held, heldOf } from './published.ts';
import { reachOf, type Topic } from './reach.ts';
import { type FoundRow, Roots } from './roots.ts';
import { type Affected, blankEffects, type Domain, rootOf, Structure } from './structure.ts';

/** What a host is to be told: rows, or null for those that it is not to have any more. */
export type Told = Map<Key, RowOf<Kind> | null>;

export class Slices {
  readonly #structure = new Structure();
  readonly #hosts = new Set<Host>();
  readonly #subscribers = new Map<Topic, Set<Host>>();
  /** Hosts that have something to be told. */
  readonly #due = new Set<Host>();

  /** Reads how the rows refer to each other. */
  static async load(reader: Reader): Promise<Slices> {
    const slices = new Slices();
    await slices.#structure.load(reader);
    return slices;
  }

  /** Begins to follow a host, from what its agent has reported. */
  add(host: Host): void {
    this.#hosts.add(host);
    this.#locate(host);
    this.#look(host);
    this.#due.add(host);
  }

  remove(host: Host): void {
    for (const topic of host.topics) this.#leave(topic, host);
    host.topics = new Set();
    this.#hosts.delete(host);
    this.#due.delete(host);
  }

  /** The agent of a host has reported its bridges or ports. */
  reported(host: Host, dpids: readonly string[], ports: PortsReport | undefined): void {
    const known = host.dpids.size;
    for (const dpid of dpids) host.dpids.add(digitsOf(dpid));
    const isNew = ports !== undefined && host.reported(ports);
    if (!this.#hosts.has(host)) return;
    if (host.dpids.size > known) this.#locate(host);
    else if (!isNew) return;
    this.#look(host);
  }

  /** Takes in what was committed: each of `changes` in turn; `last` has the last change of each row. */
  committed(changes: readonly Change[], last: ReadonlyMap<Key, Change>): void {
    for (const [key, { kind, id }] of last) this.#touch(key, kind, id);
    const effects = blankEffects();
    for (const change of changes) this.#structure.apply(change, effects);
    for (const [key, { kind, id }] of last) this.#touch(key, kind, id);
    for (const { interfaceId, domain } of effects.memberships) {
      for (const host of this.#subscribers.get(domain) ?? []) {
        host.leaving.addInterface(interfaceId);
        this.#due.add(host);
      }
    }
    for (const host of this.#affected(effects.affected)) this.#look(host);
  }

  /** The hosts that have something to be told, and whether rows have to be read for it. */
  get due(): ReadonlySet<Host> {
    return this.#due;
  }

  get mustRead(): boolean {
    for (const { entering, leaving, anew } of this.#due) if (!entering.isEmpty || !leaving.isEmpty || anew) return true;
    return false;
  }

  /** The rows of a host that were touched, as committed; `last` has them all. They are due no more. */
  takeTouched(host: Host, last: ReadonlyMap<Key, Change>): Told {
    const { touched } = host;
    host.touched = new Set();
    this.#due.delete(host);
    const told: Told = new Map();
    for (const key of touched) told.set(key, this.#heard(host, key, last.get(key)?.row ?? null));
    return told;
  }

  /** Adds to `told` the rows that have come into reach of a host, or left it. */
  async takeMoved(host: Host, told: Told, reader: Reader): Promise<void> {
    const { entering, leaving } = host;
    host.entering = new Roots();
    host.leaving = new Roots();
    await leaving.read(reader, ({ kind, id, row }) => {
      told.set(`${kind} ${id}`, this.#hears(host, kind, id, heldOf(kind, row)) ? row : null);
    });
    await entering.read(reader, ({ kind, id, row }) => {
      if (this.#hears(host, kind, id, heldOf(kind, row))) told.set(`${kind} ${id}`, row);
    });
  }

  /** The rows of these keys as a host may have them. */
  async takeThese(host: Host, keys: readonly Key[], reader: Reader): Promise<Told> {
    const told: Told = new Map(keys.map((key) => [key, null]));
    const ids = Map.groupBy(keys, (key) => key.split(' ')[0] as Kind);
    for (const [kind, ofKind] of ids) {
      for (const row of await reader.find(kind, { id: ofKind.map((key) => Number(key.split(' ')[1])) }))
        if (this.#hears(host, kind, row.id, heldOf(kind, row))) told.set(`${kind} ${row.id}`, row);
    }
    return told;
  }

  /** All rows of a host's slice. */
  async takeAll(host: Host, reader: Reader): Promise<FoundRow[]> {
    this.settled(host);
    host.anew = false;
    const roots = new Roots();
    for (const topic of host.topics) roots.add(this.#structure, topic);
    const found: FoundRow[] = [];
    await roots.read(reader, (one) => {
      if (this.#hears(host, one.kind, one.id, heldOf(one.kind, one.row))) found.push(one);
    });
    return found;
  }

  /** Nothing is due to a host for now. */
  settled(host: Host): void {
    host.touched.clear();
    host.entering = new Roots();
    host.leaving = new Roots();
    this.#due.delete(host);
  }

  /** Whether an object is in the slice of a host. */
  concerns(host: Host, kind: Kind, id: number): boolean {
    const held = this.#structure.get(kind, id);
    return held !== undefined && this.#hears(host, kind, id, held);
  }

  /** What has become of a row that was touched: it counts only where the host is still to have it. */
  #heard(host: Host, key: Key, row: RowOf<Kind> | null): RowOf<Kind> | null {
    if (row === null) return null;
    const [kind, id] = key.split(' ') as [Kind, string];
    return this.#hears(host, kind, Number(id), heldOf(kind, row)) ? row : null;
  }

  #touch(key: Key, kind: Kind, id: number): void {
    const held = this.#structure.get(kind, id);
    if (!held) return;
    for (const topic of this.#topicsOf(kind, id, held)) {
      for (const host of this.#subscribers.get(topic) ?? []) {
        if (isUnspoken(host, kind, held)) continue;
        host.touched.add(key);
        this.#due.add(host);
      }
    }
  }

  #hears(host: Host, kind: Kind, id: number, held: Held): boolean {
    if (isUnspoken(host, kind, held)) return false;
    for (const topic of this.#topicsOf(kind, id, held)) if (host.topics.has(topic)) return true;
    return false;
  }

  /** The topics that a row belongs to: a host has it that has one of them in reach. */
  *#topicsOf(kind: Kind, id: number, held: Held): Iterable<Topic> {
    const found = rootOf(this.#structure, kind, id, held);
    if (!found) return;
    const { root, id: rootId, scope } = found;
    if (root === 'datapath') yield `datapath ${rootId}`;
    else if (root === 'route_link') yield `router ${rootId}`;
    else if (root === 'segment') yield `segment ${rootId}`;
    else if (root === 'network') yield this.#structure.domainOf(rootId);
    else {
      yield `here ${rootId}`;
      if (scope === 'gateway') yield `gateway ${rootId}`;
      if (scope === undefined) yield* this.#structure.domainsOf(rootId);
    }
  }

  #affected(affected: ReadonlySet<Affected>): Iterable<Host> {
    const hosts = new Set<Host>();
    const [ports, own, bridges] = [new Set<string>(), new Set<number>(), new Set<Affected>()];
    for (const one of affected) {
      if (one === 'everything') return this.#hosts;
      if (one.startsWith('port ')) ports.add(one.slice(5));
      else if (one.startsWith('own ')) own.add(Number(one.slice(4)));
      else if (one.startsWith('bridge ') || one.startsWith('node ')) bridges.add(one);
      else for (const host of this.#subscribers.get(one as Domain) ?? []) hosts.add(host);
    }
    if (ports.size + own.size + bridges.size === 0) return hosts;
    for (const host of this.#hosts) {
      if (bridges.size > 0 && this.#isAmong(host, bridges)) {
        this.#locate(host);
        hosts.add(host);
      } else if (some(host.own, own) || host.hasSome(ports)) hosts.add(host);
    }
    return hosts;
  }

  #isAmong({ node, dpids }: Host, bridges: ReadonlySet<Affected>): boolean {
    if (bridges.has(`node ${node}`)) return true;
    for (const dpid of dpids) if (bridges.has(`bridge ${dpid}`)) return true;
    return false;
  }

  /** Finds the datapaths of a host: those of its bridges, and those that are registered as its. */
  #locate(host: Host): void {
    const own = new Set<number>();
    for (const [id, { dpid, node_id }] of this.#structure.all('datapath'))
      if (node_id === host.node || host.dpids.has(dpid as string)) own.add(id);
    if (own.size === host.own.size && [...own].every((id) => host.own.has(id))) return;
    host.own = own;
    // Which placements it is not told of depends on which are its own.
    host.anew = true;
    this.#due.add(host);
  }

  /** Finds anew what a host can reach. */
  #look(host: Host): void {
    const topics = reachOf(this.#structure, { own: host.own, names: host.names() });
    for (const topic of topics) {
      if (host.topics.has(topic)) continue;
      host.entering.add(this.#structure, topic);
      const subscribers = this.#subscribers.get(topic) ?? new Set();
      this.#subscribers.set(topic, subscribers.add(host));
      this.#due.add(host);
    }
    for (const topic of host.topics) {
      if (topics.has(topic)) continue;
      host.leaving.add(this.#structure, topic);
      this.#leave(topic, host);
      this.#due.add(host);
    }
    host.topics = topics;
  }

  #leave(topic: Topic, host: Host): void {
    const subscribers = this.#subscribers.get(topic);
    subscribers?.delete(host);
    if (subscribers?.size === 0) this.#subscribers.delete(topic);
  }
}

function some<V>(few: Iterable<V>, among: ReadonlySet<V>): boolean {
  for (const one of few) if (among.has(one)) return true;
  return false;
}

/** That an interface is here is known here, unless another datapath of the host has to know it. */
function isUnspoken({ own }: Host, kind: Kind, { datapath_id, standby }: Held): boolean {
  return kind === 'active_interface' && standby === false && own.size === 1 && own.has(datapath_id as number);
}
