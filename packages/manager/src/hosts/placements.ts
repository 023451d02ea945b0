import type { Bound, Report, RowOf } from '@openvnet/model';
import type { Store, Transaction } from '@openvnet/store';
import type { FastifyBaseLogger } from 'fastify';
import type { Agent, Agents } from '../status/agents.ts';
import { digitsOf } from '../status/facts.ts';
import { Settling } from './settling.ts';

type Placement = RowOf<'active_interface'>;

/** Moves of one interface because its guest was heard: more in this time are those of two guests, and it stays. */
const mostMoves = 5;
const movesMs = 60_000;

/**
 * Writes down where interfaces are, as agents report it. The first datapath that has the port of an interface keeps it until
 * it has lost the port, or its guest is heard at another; others stand by. What an agent has said stays while it is away, as
 * its switch goes on.
 */
export class Placements implements Disposable {
  readonly #store: Store;
  readonly #agents: Agents;
  readonly #logger: FastifyBaseLogger;
  /** Interfaces of which something has been reported that is not written yet. */
  readonly #due = new Set<number>();
  /** At which datapaths guests have been heard, by interface. */
  readonly #heard = new Map<number, number>();
  /** When interfaces were moved because their guests were heard. */
  readonly #moves = new Map<number, readonly number[]>();
  /** Agents of which all is to be looked at. */
  readonly #whole = new Set<Agent>();
  /** The switches that agents serve, by datapath ids. */
  readonly #served = new WeakMap<Agent, string>();
  readonly #settling: Settling;

  constructor({ store, agents, logger }: { store: Store; agents: Agents; logger: FastifyBaseLogger }) {
    this.#store = store;
    this.#agents = agents;
    this.#logger = logger;
    this.#settling = new Settling(
      () => this.#settle(),
      (err) => logger.error({ err }, 'where interfaces are could not be written; retrying'),
    );
  }

  [Symbol.dispose](): void {
    this.#settling[Symbol.dispose]();
  }

  /** An agent has reported; what it said is known to `agents`. */
  reported(agent: Agent, { bound, bridges, heard }: Pick<Report, 'bound' | 'bridges' | 'heard'>): void {
    if (agent.held) return;
    for (const [interfaceId, datapathId] of heard ?? []) {
      if (!agent.bound.get(interfaceId)?.has(datapathId)) continue;
      this.#heard.set(interfaceId, datapathId);
      this.#due.add(interfaceId);
    }
    for (const { interface_id } of bound?.set ?? []) this.#due.add(interface_id);
    for (const [interfaceId] of bound?.gone ?? []) this.#due.add(interfaceId);
    if (bound?.whole || (bridges && this.#servesOthers(agent))) this.#whole.add(agent);
    if (this.#due.size > 0 || this.#whole.size > 0) this.#settling.ask();
  }

  /** Whether the switches that an agent serves are others than it served when this was last asked. */
  #servesOthers(agent: Agent): boolean {
    const served = dpidsServedBy(agent).sort().join();
    if (this.#served.get(agent) === served) return false;
    this.#served.set(agent, served);
    return true;
  }

  async #settle(): Promise<void> {
    const [due, whole, heard] = [new Set(this.#due), [...this.#whole], new Map(this.#heard)];
    this.#due.clear();
    this.#heard.clear();
    this.#whole.clear();
    const nodes = whole.map(({ node }) => node).join(', ');
    const by = { author: nodes ? `agent ${nodes}` : 'agents', request: null, message: null };
    try {
      await this.#store.transaction(by, (tx) => this.#write(tx, { due, whole, heard }));
    } catch (error) {
      for (const id of due) this.#due.add(id);
      for (const agent of whole) this.#whole.add(agent);
      for (const [id, datapathId] of heard) if (!this.#heard.has(id)) this.#heard.set(id, datapathId);
      throw error;
    }
  }

  async #write(tx: Transaction, { due, whole, heard }: Reported): Promise<void> {
    const datapaths = new Map((await tx.find('datapath', {})).map((row) => [row.dpid, row.id]));
    // What an agent does not bind any more, and said nothing about, went while it or the manager was away.
    for (const agent of whole) {
      const served = servedBy(agent, datapaths);
      if (served.length === 0) continue;
      for (const id of agent.bound.keys()) due.add(id);
      for (const row of await tx.find('active_interface', { datapath_id: served })) due.add(row.interface_id);
    }
    const seen = new Set(this.#agents.all().flatMap((agent) => (agent.held ? [] : servedBy(agent, datapaths))));
    const ids = [...due];
    const held = Map.groupBy(await tx.find('active_interface', { interface_id: ids }), (row) => row.interface_id);
    const interfaces = new Set((await tx.find('interface', { id: ids })).map(({ id }) => id));
    for (const id of ids) {
      if (!interfaces.has(id)) continue;
      const claims = this.#agents.boundTo(id).filter((claim) => seen.has(claim.datapath_id) && isPlace(claim));
      const places = await settle(tx, id, { held: held.get(id) ?? [], claims, seen });
      const to = places.find(({ datapath_id, standby }) => standby && datapath_id === heard.get(id));
      if (to && seen.has(to.datapath_id) && this.#mayMove(id)) await move(tx, places, to);
    }
  }

  /** Notes that an interface moves, unless it has done so too often. */
  #mayMove(interfaceId: number, now = performance.now()): boolean {
    for (const [id, times] of this.#moves) if (now - times.at(-1)! > movesMs) this.#moves.delete(id);
    const recent = (this.#moves.get(interfaceId) ?? []).filter((at) => now - at <= movesMs);
    if (recent.length >= mostMoves) {
      this.#logger.warn(
        { interface_id: interfaceId },
        'guests of an interface are heard on several hosts by turns; it stays',
      );
      return false;
    }
    this.#moves.set(interfaceId, [...recent, now]);
    return true;
  }
}

interface Reported {
  readonly due: Set<number>;
  readonly whole: readonly Agent[];
  readonly heard: ReadonlyMap<number, number>;
}

/** A switch answers for a gateway wherever it is asked; everything else is where its port is. */
function isPlace({ port_number }: Bound): boolean {
  return port_number !== null;
}

function servedBy(agent: Agent, datapaths: ReadonlyMap<string, number>): number[] {
  return dpidsServedBy(agent).flatMap((dpid) => datapaths.get(dpid) ?? []);
}

function dpidsServedBy({ bridges }: Agent): string[] {
  return bridges.filter(({ revision }) => revision !== null).map(({ dpid }) => digitsOf(dpid));
}

interface Situation {
  readonly held: readonly Placement[];
  readonly claims: readonly Bound[];
  /** The datapaths of which agents have reported. */
  readonly seen: ReadonlySet<number>;
}

type Place = Pick<Placement, 'id' | 'datapath_id' | 'standby'>;

/** Gives the places. Who stands by is promoted by what follows from every change (`behaviours/active-interface.ts`). */
async function settle(tx: Transaction, interfaceId: number, { held, claims, seen }: Situation): Promise<Place[]> {
  const claimed = new Map(claims.map((claim) => [claim.datapath_id, claim]));
  const places: Place[] = [];
  for (const place of held) {
    const { id, datapath_id } = place;
    const claim = claimed.get(datapath_id);
    if (!claim && seen.has(datapath_id)) {
      await tx.remove('active_interface', id);
      continue;
    }
    places.push(place);
    if (claim) await tx.update('active_interface', id, portOf(claim));
  }
  for (const claim of claims) {
    const { datapath_id } = claim;
    if (places.some((place) => place.datapath_id === datapath_id)) continue;
    const place = { interface_id: interfaceId, datapath_id, standby: places.length > 0 };
    places.push(await tx.insert('active_interface', { uuid: '', ...place, ...portOf(claim) }));
  }
  return places;
}

/** The guest of an interface has been heard at one of its places: it is there now, and no longer where it was. */
async function move(tx: Transaction, places: readonly Place[], to: Place): Promise<void> {
  for (const { id, standby } of places) if (!standby) await tx.update('active_interface', id, { standby: true });
  await tx.update('active_interface', to.id, { standby: false });
}

function portOf({ port_name, port_number }: Bound): Pick<Placement, 'port_name' | 'port_number'> {
  return { port_name, port_number };
}
