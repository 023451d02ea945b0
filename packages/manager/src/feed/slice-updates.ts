import { setImmediate as endOfTurn } from 'node:timers/promises';
import type { Change, Kind, Report, RowOf } from '@openvnet/model';
import type { Reader, Store } from '@openvnet/store';
import type { FastifyBaseLogger } from 'fastify';
import type { WebSocket } from 'ws';
import { Host, type Key } from '../slices/host.ts';
import { Slices } from '../slices/slices.ts';
import type { Agent } from '../status/agents.ts';
import { forAgent } from './for-agent.ts';

export interface SliceParts {
  readonly store: Store;
  /** What agents are told that their copy is of. */
  readonly epoch: string;
  readonly logger: FastifyBaseLogger;
  readonly send: (socket: WebSocket, text: string) => void;
}

/** How often agents are told of revisions that do not concern them, milliseconds. */
const watermarkMs = 2000;
/** How long rows are read for agents until others get their turn, milliseconds. */
const turnMs = 30;

interface Served {
  readonly agent: Agent;
  readonly host: Host;
  /** Whether its agent was ever told its slice; until then it is told everything, or waits. */
  joined: boolean;
  /** Undefined while the agent is away, or has not said what its ports are. */
  socket: WebSocket | undefined;
  /** The connection on which it was asked for its ports, until it has answered; `has` is the revision of its copy. */
  asked: { readonly socket: WebSocket; readonly has: number | undefined } | undefined;
  /** Set until an agent that has come is brought up to date. */
  comes: { readonly has: number | undefined } | undefined;
}

/**
 * What agents are told that get slices: each what its host can reach. The agents of hosts that a change does not concern are told
 * its revision later, with those of others.
 */
export class SliceUpdates implements Disposable {
  readonly #parts: SliceParts;
  readonly #slices: Slices;
  readonly #served = new Map<Host, Served>();
  readonly #byAgent = new WeakMap<Agent, Served>();
  /** What was committed and not told yet, by row. */
  #last = new Map<Key, Change>();
  #revision: number;
  #reading = false;
  #closed = false;
  readonly #watermarks: NodeJS.Timeout;

  static async start(parts: SliceParts, reader: Reader): Promise<SliceUpdates> {
    return new SliceUpdates(parts, await Slices.load(reader), reader.revision);
  }

  private constructor(parts: SliceParts, slices: Slices, revision: number) {
    this.#parts = parts;
    this.#slices = slices;
    this.#revision = revision;
    this.#watermarks = setInterval(() => this.#tellRevision(), watermarkMs).unref();
  }

  [Symbol.dispose](): void {
    this.#closed = true;
    clearInterval(this.#watermarks);
  }

  /** Asks an agent for its ports; `has` is the revision of its copy, if that can be brought up to date. */
  ask(agent: Agent, socket: WebSocket, has: number | undefined): void {
    const served = this.#byAgent.get(agent) ?? {
      agent,
      host: new Host(agent.node),
      joined: false,
      socket: undefined,
      asked: undefined,
      comes: undefined,
    };
    served.socket = undefined;
    served.asked = { socket, has };
    this.#byAgent.set(agent, served);
    this.#served.set(served.host, served);
    this.#parts.send(socket, JSON.stringify({ type: 'slices' }));
  }

  /** The agents that are there, by connection. */
  *agents(): Iterable<[WebSocket, Agent]> {
    for (const { agent, socket, asked } of this.#served.values()) {
      const open = socket ?? asked?.socket;
      if (open) yield [open, agent];
    }
  }

  /** Tells an agent nothing more. */
  leave(socket: WebSocket): void {
    for (const served of this.#served.values()) {
      if (served.socket === socket) served.socket = undefined;
      if (served.asked?.socket === socket) served.asked = undefined;
    }
  }

  /** An agent has reported. Says whether it gets its slice from now on. */
  reported(agent: Agent, { ports, problem, revision }: Report): boolean {
    const served = this.#byAgent.get(agent);
    if (!served) return false;
    const { host } = served;
    const dpids = agent.bridges.map(({ dpid }) => dpid);
    this.#slices.reported(host, dpids, ports);
    // Before its switches are seen, less than its slice would be known.
    if (served.asked && host.hasReported && problem === null) this.#join(served, served.asked);
    else if (served.socket && !served.comes) host.acknowledged(revision);
    if (this.#slices.due.size > 0) this.#tell();
    return served.socket !== undefined;
  }

  committed(revision: number, changes: readonly Change[], last: ReadonlyMap<string, Change>): void {
    this.#revision = revision;
    for (const [key, change] of last) this.#last.set(key as Key, change);
    this.#slices.committed(changes, last as ReadonlyMap<Key, Change>);
    this.#tell();
  }

  /** Whether an object is in the slice of an agent. */
  concerns(agent: Agent, kind: Kind, id: number): boolean {
    const served = this.#byAgent.get(agent);
    return !served?.joined || this.#slices.concerns(served.host, kind, id);
  }

  /** What an agent that has acknowledged `revision` has acknowledged: what did not concern it needs no word of it. */
  acknowledgedBy(agent: Agent, revision: number): number {
    const served = this.#byAgent.get(agent);
    if (!served?.joined || served.comes) return revision;
    return revision >= served.host.concernedAt ? Math.max(revision, this.#revision) : revision;
  }

  #join(served: Served, { socket, has }: NonNullable<Served['asked']>): void {
    const { host } = served;
    Object.assign(served, { socket, comes: { has }, asked: undefined, joined: true });
    for (const other of this.#served.keys()) {
      if (other.node !== host.node || other === host) continue;
      this.#slices.remove(other);
      this.#served.delete(other);
    }
    this.#slices.add(host);
  }

  /** Tells every host what concerns it. Rows that have moved are read first; what is committed meanwhile waits. */
  #tell(): void {
    if (this.#reading || this.#closed) return;
    if (!this.#slices.mustRead && ![...this.#slices.due].some((host) => this.#served.get(host)?.comes)) {
      const texts = new Map<Key, string>();
      for (const host of [...this.#slices.due]) this.#send(host, this.#slices.takeTouched(host, this.#last), texts);
      this.#last.clear();
      return;
    }
    this.#reading = true;
    void this.#readAndTell().finally(() => {
      this.#reading = false;
      if (this.#slices.due.size > 0) this.#tell();
      else this.#last.clear();
    });
  }

  async #readAndTell(): Promise<void> {
    const hosts = [...this.#slices.due];
    try {
      const waiting = [...hosts];
      while (waiting.length > 0 && !this.#closed) {
        await this.#parts.store.read(async (reader) => {
          const texts = new Map<Key, string>();
          const end = performance.now() + turnMs;
          do await this.#bring(waiting.shift()!, reader, texts);
          while (waiting.length > 0 && performance.now() < end);
        });
        // When all agents come at once, requests get their turn in between.
        await endOfTurn();
      }
    } catch (error) {
      this.#parts.logger.error({ err: error }, 'a change could not be sent to the agents; they reconnect');
      for (const host of hosts) {
        host.anew = true;
        this.#served.get(host)?.socket?.terminate();
      }
    }
  }

  async #bring(host: Host, reader: Reader, texts: Map<Key, string>): Promise<void> {
    const served = this.#served.get(host);
    if (!served) return this.#slices.settled(host);
    const { socket, comes } = served;
    const missed = comes?.has !== undefined && !host.anew ? host.toldSince(comes.has) : undefined;
    if (host.anew || (comes && !missed)) {
      // One that is away gets its slice when it comes back.
      if (!socket) {
        host.anew = true;
        host.concernedAt = this.#revision;
        this.#slices.settled(host);
        return;
      }
      const rows: Partial<Record<Kind, string[]>> = {};
      for (const { kind, id, row } of await this.#slices.takeAll(host, reader)) {
        const key: Key = `${kind} ${id}`;
        const text = texts.get(`row ${key}` as Key) ?? JSON.stringify(forAgent(row));
        texts.set(`row ${key}` as Key, text);
        const list = rows[kind] ?? [];
        list.push(text);
        rows[kind] = list;
      }
      const lists = Object.entries(rows).map(([kind, list]) => `${JSON.stringify(kind)}:[${list.join(',')}]`);
      host.tellAll(this.#revision);
      host.concernedAt = this.#revision;
      this.#finish(served, 'snapshot', `"rows":{${lists.join(',')}}`);
      return;
    }
    const told = this.#slices.takeTouched(host, this.#last);
    await this.#slices.takeMoved(host, told, reader);
    if (missed) {
      for (const [key, row] of await this.#slices.takeThese(host, missed, reader))
        if (!told.has(key)) told.set(key, row);
    }
    this.#send(host, told, texts);
  }

  #send(host: Host, told: ReadonlyMap<Key, RowOf<Kind> | null>, texts: Map<Key, string>): void {
    const served = this.#served.get(host);
    if (!served || (told.size === 0 && !served.comes)) return;
    const changes: string[] = [];
    for (const [key, row] of told) changes.push(textOf(key, row, texts));
    if (told.size > 0) host.concernedAt = this.#revision;
    host.tell(told.keys(), this.#revision);
    this.#finish(served, 'changes', `"changes":[${changes.join(',')}]`);
  }

  #finish(served: Served, type: 'snapshot' | 'changes', body: string): void {
    const { host, socket } = served;
    if (!socket) return;
    served.comes = undefined;
    host.toldAt = this.#revision;
    const {
      epoch,
      store: { id: store },
    } = this.#parts;
    const head = JSON.stringify({ type, store, epoch, revision: this.#revision });
    this.#parts.send(socket, `${head.slice(0, -1)},${body}}`);
  }

  /** Tells the agents that have not heard of the newest revision, since nothing of it concerns them. */
  #tellRevision(): void {
    if (this.#reading) return;
    for (const served of this.#served.values())
      if (!served.comes && served.host.toldAt < this.#revision) this.#finish(served, 'changes', '"changes":[]');
  }
}

/** A change as agents get it, encoded once for all. */
function textOf(key: Key, row: RowOf<Kind> | null, texts: Map<Key, string>): string {
  const known = row && texts.get(key);
  if (known) return known;
  const [kind, id] = key.split(' ') as [Kind, string];
  const text = JSON.stringify({ kind, id: Number(id), row: row && forAgent(row) });
  if (row) texts.set(key, text);
  return text;
}
