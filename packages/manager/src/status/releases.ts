import type { Store } from '@openvnet/store';
import type { FastifyBaseLogger } from 'fastify';
import type { Agent, Agents } from './agents.ts';

/** How long an agent may take to open a bridge, milliseconds. */
const limitMs = 30_000;

/** What the log of changes says of the removal of a datapath whose bridge is to be opened. */
export const releasing = 'the bridge will be opened';

/**
 * Has agents open the bridges whose datapaths were deleted with `release`. The log of changes keeps that this was asked
 * for, and an agent says of which datapath a bridge is closed: so it is done whenever the agent comes.
 */
export class Releases {
  readonly #store: Store;
  readonly #agents: Agents;
  readonly #logger: FastifyBaseLogger;
  /** Bridges that an agent is at work on. */
  readonly #asked = new Set<string>();

  constructor(store: Store, agents: Agents, logger: FastifyBaseLogger) {
    this.#store = store;
    this.#agents = agents;
    this.#logger = logger;
  }

  /** An agent has said which bridges it has: asks it to open those that are to be. */
  reported(agent: Agent): void {
    for (const { dpid, closed_from } of agent.bridges) {
      const key = `${agent.node} ${dpid}`;
      if (closed_from === undefined || this.#asked.has(key)) continue;
      this.#asked.add(key);
      this.#release(agent, dpid, closed_from)
        .catch((err: unknown) => this.#logger.error({ err, node: agent.node, dpid }, 'a bridge could not be released'))
        .finally(() => this.#asked.delete(key));
    }
  }

  async #release(agent: Agent, dpid: string, datapathId: number): Promise<void> {
    const [last] = await this.#store.log({ kind: 'datapath', id: datapathId });
    if (!last?.removed || last.message !== releasing) return;
    const [answered] = await this.#agents.ask({ about: 'release', dpid }, [agent], limitMs);
    if (typeof answered?.answer === 'string') this.#logger.warn({ node: agent.node, dpid }, answered.answer);
  }
}
