import type { Bound, BridgeReport, Kind, Question, Report, ToManager, UnderlayReport, Waiting } from '@openvnet/model';
import { withoutClaims } from '../feed/succession.ts';
import { type ClaimLimits, Claims, isSameHost } from './claims.ts';
import { Turns } from './turns.ts';

type Hello = Extract<ToManager, { type: 'hello' }>;

/** An agent's connection, as much as is needed here. */
export interface Connection {
  send(message: unknown): void;
  close(code: number, reason: string): void;
}

/** What an agent has said of its host. Kept while it is away: the switch goes on as it was. */
export interface Agent {
  readonly node: string;
  /** What it said of itself. */
  hello: Hello;
  /** The address that it connects from. */
  address: string;
  /** Undefined while it is away. */
  connection: Connection | undefined;
  /** When it connected, or went away. */
  since: string;
  revision: number | null;
  problem: string | null;
  bridges: readonly BridgeReport[];
  /** By interface, then by datapath. */
  readonly bound: Map<number, Map<number, Bound>>;
  /** The addresses of the host; undefined if the agent has not said. */
  underlay: UnderlayReport | undefined;
  /** Reasons by `kind id`. */
  waiting: Map<string, string[]>;
  /** Set while the agent is told nothing, since it holds the flows of another store. */
  held: Held | undefined;
  /** Size of the reports that its parts were last told by, in bytes. */
  size: Size;
  /** What is counted of it among what is kept of all, in bytes. */
  counted: number;
}

interface Size {
  readonly bridges: number;
  readonly waiting: number;
  /** Places in `bound`, as a number. */
  readonly places: number;
}

const nothing: Size = { bridges: 0, waiting: 0, places: 0 };

/** What an entry of `bound` takes at most, in bytes. */
const boundBytes = 400;

export interface Held {
  readonly reason: string;
  /** Confirms that this store takes the place of the other. */
  readonly release: () => void;
}

/** What agents are concerned with, where each is told of a part only. */
export interface Concerns {
  /** Whether an object is in the slice of an agent. */
  concerns(agent: Agent, kind: Kind, id: number): boolean;
  /** The revision up to which an agent has done all that concerns it, if it has acknowledged `revision`. */
  acknowledgedBy(agent: Agent, revision: number): number;
}

/** What all agents have said, the newest of each. */
export class Agents implements Disposable {
  /** Who may speak for which node. */
  readonly claims: Claims;
  /** Says whom what concerns; undefined as long as everything concerns everybody. */
  concerns: () => Concerns | undefined = () => undefined;
  readonly #agents = new Map<string, Agent>();
  readonly #listeners = new Set<() => void>();
  readonly #questions = new Map<number, (agent: Agent, answer: unknown) => void>();
  readonly #turns = new Turns<Agent>(8);
  #asked = 0;
  /** What is kept of what all agents have said, in bytes. */
  #kept = 0;

  constructor(limits?: Partial<ClaimLimits>) {
    this.claims = new Claims(limits);
  }

  [Symbol.dispose](): void {
    this.claims[Symbol.dispose]();
  }

  all(): readonly Agent[] {
    return [...this.#agents.values()];
  }

  has(node: string): boolean {
    return this.#agents.has(node);
  }

  /** Calls `listener` whenever an agent has said something new. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** An agent has connected and has the name of its node. What another host's agent of that name has said is forgotten. */
  connected(hello: Hello, address: string, connection: Connection): Agent {
    const known = this.#agents.get(hello.node);
    const agent: Agent = known && isSameHost(known, { hello, address }) ? known : blank(hello, address);
    if (known && known !== agent) this.#count(known, nothing);
    Object.assign(agent, { hello, address, connection, held: undefined, since: new Date().toISOString() });
    this.#agents.set(hello.node, agent);
    this.#changed();
    return agent;
  }

  /** An agent is told nothing until `release` is called. What it has said is of another store. */
  hold(agent: Agent, held: Held): void {
    const release = (): void => {
      if (agent.held !== made) return;
      agent.held = undefined;
      held.release();
      this.#changed();
    };
    const made = { ...held, release };
    Object.assign(agent, { held: made, revision: null, bridges: withoutClaims(agent.bridges, held.reason) });
    agent.bound.clear();
    agent.waiting.clear();
    this.#count(agent, nothing);
    this.#changed();
  }

  /** Forgets what an agent has said, and that there was one. */
  forget({ node }: Agent): void {
    const known = this.#agents.get(node);
    if (!known) return;
    this.#count(known, nothing);
    this.#agents.delete(node);
    this.#changed();
  }

  /** A connection has ended. Nothing happens where a newer one has taken its place. */
  gone(agent: Agent, connection: Connection): void {
    if (agent.connection !== connection) return;
    agent.connection = undefined;
    agent.since = new Date().toISOString();
    for (const other of this.all()) if (other.connection && isSameHost(other, agent)) this.#forgetTwinsOf(other);
    this.#changed();
  }

  /** Takes in what an agent has said, in `bytes` bytes. */
  reported(agent: Agent, { revision, problem, bridges, bound, waiting, underlay }: Report, bytes = 0): void {
    const { held, size } = agent;
    let places = bound?.whole ? 0 : size.places;
    const count = (): void =>
      this.#count(agent, {
        bridges: bridges ? bytes : size.bridges,
        waiting: waiting ? bytes : size.waiting,
        places,
      });
    agent.problem = problem;
    if (underlay) agent.underlay = underlay;
    if (bridges) {
      agent.bridges = held ? withoutClaims(bridges, held.reason) : bridges;
      this.#forgetTwinsOf(agent);
    }
    if (held) {
      count();
      this.#changed();
      return;
    }
    agent.revision = revision;
    if (waiting) agent.waiting = reasonsOf(waiting);
    if (bound?.whole) agent.bound.clear();
    for (const [interfaceId, datapathId] of bound?.gone ?? []) {
      const at = agent.bound.get(interfaceId);
      if (at?.delete(datapathId)) places--;
      if (at?.size === 0) agent.bound.delete(interfaceId);
    }
    for (const one of bound?.set ?? []) {
      const at = agent.bound.get(one.interface_id) ?? new Map<number, Bound>();
      if (!at.has(one.datapath_id)) places++;
      agent.bound.set(one.interface_id, at.set(one.datapath_id, one));
    }
    count();
    this.#changed();
  }

  /** The agent of which the most is kept, where more than `bytes` is kept of all together. */
  tooMuch(bytes: number): Agent | undefined {
    if (this.#kept <= bytes) return undefined;
    return this.all().reduce((most, agent) => (agent.counted > most.counted ? agent : most));
  }

  answered(agent: Agent, ask: number, answer: unknown): void {
    this.#questions.get(ask)?.(agent, answer);
  }

  /** Where an interface is. */
  boundTo(interfaceId: number): (Bound & { agent: Agent })[] {
    return this.all().flatMap((agent) =>
      [...(agent.bound.get(interfaceId)?.values() ?? [])].map((bound) => ({ ...bound, agent })),
    );
  }

  /** What the agents answer to a question within `limitMs`; who does not answer is left out. */
  ask(question: Question, agents: readonly Agent[], limitMs: number): Promise<{ agent: Agent; answer: unknown }[]> {
    const open = new Set(agents.filter(({ connection }) => connection));
    if (open.size === 0) return Promise.resolve([]);
    const ask = ++this.#asked;
    const answers: { agent: Agent; answer: unknown }[] = [];
    return new Promise((resolve) => {
      const finish = () => {
        clearTimeout(timer);
        this.#questions.delete(ask);
        resolve(answers);
      };
      const timer = setTimeout(finish, limitMs);
      this.#questions.set(ask, (agent, answer) => {
        if (!open.delete(agent)) return;
        answers.push({ agent, answer });
        if (open.size === 0) finish();
      });
      for (const agent of open) agent.connection?.send({ type: 'ask', ask, question });
    });
  }

  /** Bridges have one agent: an agent of this machine that has gone and had one of them has another name by now. */
  #forgetTwinsOf(agent: Agent): void {
    const own = new Set(agent.bridges.map(({ dpid }) => dpid));
    for (const other of this.#agents.values()) {
      if (other === agent || other.connection || !isSameHost(other, agent)) continue;
      if (other.bridges.some(({ dpid }) => own.has(dpid))) this.forget(other);
    }
  }

  /** As `ask`, for what makes switches read all that they have: one question at a time for each agent. */
  async askInTurn(
    question: Question,
    { agents, limitMs, signal }: { agents: readonly Agent[]; limitMs: number; signal: AbortSignal },
  ): Promise<{ agent: Agent; answer: unknown }[]> {
    const answers = agents.map((agent) =>
      this.#turns.take(agent, agent.node, () => this.ask(question, [agent], limitMs), signal),
    );
    return (await Promise.all(answers)).flatMap((some = []) => some);
  }

  #count(agent: Agent, size: Size): void {
    const counted = size.bridges + size.waiting + size.places * boundBytes;
    this.#kept += counted - agent.counted;
    Object.assign(agent, { size, counted });
  }

  #changed(): void {
    for (const listener of this.#listeners) listener();
  }
}

function blank(hello: Hello, address: string): Agent {
  return {
    node: hello.node,
    hello,
    address,
    connection: undefined,
    since: '',
    revision: null,
    problem: null,
    bridges: [],
    bound: new Map(),
    waiting: new Map(),
    underlay: undefined,
    held: undefined,
    size: nothing,
    counted: 0,
  };
}

function reasonsOf(waiting: readonly Waiting[]): Map<string, string[]> {
  const reasons = new Map<string, string[]>();
  for (const { kind, id, reason } of waiting) {
    const key = `${kind} ${id}`;
    const known = reasons.get(key);
    if (known) known.push(reason);
    else reasons.set(key, [reason]);
  }
  return reasons;
}
