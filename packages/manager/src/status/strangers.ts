import type { Agent, Agents } from './agents.ts';
import type { Registered } from './registered.ts';

export interface StrangerLimits {
  /** Most agents that have to do with no registered datapath. */
  readonly strangers: number;
  /** How long such an agent is remembered after it has gone, in milliseconds. */
  readonly rememberedMs: number;
}

/** Most entries of a report that are kept of a stranger: it has no objects to tell of. */
const strangersEntries = 1000;
/** Most bytes of a message of a stranger. The first report of an agent is read before its bridges are known. */
const strangersBytes = 4 << 20;

/**
 * Bounds what agents that nobody has registered can leave in memory and status. Anybody can pose as an agent until agents have
 * credentials.
 */
export class Strangers implements Disposable {
  readonly #agents: Agents;
  readonly #registered: Registered;
  readonly #limits: StrangerLimits;
  readonly #timer: NodeJS.Timeout;

  constructor(agents: Agents, registered: Registered, limits: Partial<StrangerLimits> = {}) {
    this.#agents = agents;
    this.#registered = registered;
    this.#limits = { strangers: 1000, rememberedMs: 60_000, ...limits };
    this.#timer = setInterval(() => this.#forgetOld(), Math.min(5000, this.#limits.rememberedMs)).unref();
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  /** Whether an agent of this node may come; the stranger that has been away for the longest gives way. */
  admits(node: string): boolean {
    if (this.#agents.has(node) || this.#registered.has({ node, bridges: [] })) return true;
    const strangers = this.#strangers();
    if (strangers.length < this.#limits.strangers) return true;
    const [oldest] = strangers.filter(({ connection }) => !connection).sort((a, b) => (a.since < b.since ? -1 : 1));
    if (!oldest) return false;
    this.#agents.forget(oldest);
    return true;
  }

  /** Whether so long a report is more than this agent can have to say. */
  saysTooMuch(agent: Agent, entries: number): boolean {
    return entries > strangersEntries && !this.#registered.has(agent);
  }

  /** Whether so large a message is more than this agent can have to say, which is found out before it is read. */
  sendsTooMuch(agent: Agent, bytes: number): boolean {
    return bytes > strangersBytes && !this.#registered.has(agent);
  }

  #strangers(): Agent[] {
    return this.#agents.all().filter((agent) => !this.#registered.has(agent));
  }

  #forgetOld(): void {
    const before = Date.now() - this.#limits.rememberedMs;
    for (const agent of this.#strangers()) {
      if (!agent.connection && Date.parse(agent.since) <= before) this.#agents.forget(agent);
    }
  }
}
