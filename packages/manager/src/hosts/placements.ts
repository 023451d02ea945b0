import type { Bound, Report, RowOf } from '@openvnet/model';
import type { Store, Transaction } from '@openvnet/store';
import type { FastifyBaseLogger } from 'fastify';
import type { Agent, Agents } from '../status/agents.ts';
import { digitsOf } from '../status/facts.ts';

type Placement = RowOf<'active_interface'>;

/**
 * Writes down where interfaces are, as agents report it. The first datapath that has the port of an interface keeps it until
 * it has lost the port; others stand by. What an agent has said stays while it is away, as its switch goes on.
 */
export class Placements {
  readonly #store: Store;
  readonly #agents: Agents;
  readonly #logger: FastifyBaseLogger;
  /** Interfaces of which something has been reported that is not written yet. */
  readonly #due = new Set<number>();
  /** Agents of which all is to be looked at. */
  readonly #whole = new Set<Agent>();
  /** The switches that agents serve, by datapath ids. */
  readonly #served = new WeakMap<Agent, string>();
  #running: Promise<void> | undefined;

  constructor({ store, agents, logger }: { store: Store; agents: Agents; logger: FastifyBaseLogger }) {
    this.#store = store;
    this.#agents = agents;
    this.#logger = logger;
  }

  /** An agent has reported; what it said is known to `agents`. */
  reported(agent: Agent, { bound, bridges }: Pick<Report, 'bound' | 'bridges'>): void {
    if (agent.held) return;
    for (const { interface_id } of bound?.set ?? []) this.#due.add(interface_id);
    for (const [interfaceId] of bound?.gone ?? []) this.#due.add(interfaceId);
    if (bound?.whole || (bridges && this.#servesOthers(agent))) this.#whole.add(agent);
    if (this.#due.size === 0 && this.#whole.size === 0) return;
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
    });
  }

  /** Whether the switches that an agent serves are others than it served when this was last asked. */
  #servesOthers(agent: Agent): boolean {
    const served = dpidsServedBy(agent).sort().join();
    if (this.#served.get(agent) === served) return false;
    this.#served.set(agent, served);
    return true;
  }

  async #run(): Promise<void> {
    while (this.#due.size > 0 || this.#whole.size > 0) {
      const [due, whole] = [new Set(this.#due), [...this.#whole]];
      this.#due.clear();
      this.#whole.clear();
      const nodes = whole.map(({ node }) => node).join(', ');
      const by = { author: nodes ? `agent ${nodes}` : 'agents', request: null, message: null };
      try {
        await this.#store.transaction(by, (tx) => this.#write(tx, due, whole));
      } catch (error) {
        this.#logger.error(
          { err: error },
          'where interfaces are could not be written; it is tried again with the next report',
        );
        for (const id of due) this.#due.add(id);
        for (const agent of whole) this.#whole.add(agent);
        return;
      }
    }
  }

  async #write(tx: Transaction, due: Set<number>, whole: readonly Agent[]): Promise<void> {
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
      await settle(tx, id, { held: held.get(id) ?? [], claims, seen });
    }
  }
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

/** Who stands by is promoted by what follows from every change (`behaviours/active-interface.ts`). */
async function settle(tx: Transaction, interfaceId: number, { held, claims, seen }: Situation): Promise<void> {
  const claimed = new Map(claims.map((claim) => [claim.datapath_id, claim]));
  const places = new Set<number>();
  for (const { id, datapath_id } of held) {
    const claim = claimed.get(datapath_id);
    if (!claim && seen.has(datapath_id)) {
      await tx.remove('active_interface', id);
      continue;
    }
    places.add(datapath_id);
    if (claim) await tx.update('active_interface', id, portOf(claim));
  }
  for (const claim of claims) {
    const { datapath_id } = claim;
    if (places.has(datapath_id)) continue;
    const place = { interface_id: interfaceId, datapath_id, standby: places.size > 0 };
    await tx.insert('active_interface', { uuid: '', ...place, ...portOf(claim) });
    places.add(datapath_id);
  }
}

function portOf({ port_name, port_number }: Bound): Pick<Placement, 'port_name' | 'port_number'> {
  return { port_name, port_number };
}
