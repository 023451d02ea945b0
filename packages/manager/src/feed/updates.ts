import { type Change, contained, type Kind, type Report, sliceMark, type ToAgent } from '@openvnet/model';
import { noteWork } from '@openvnet/settings';
import type { Commit, Reader, Store } from '@openvnet/store';
import type { FastifyBaseLogger } from 'fastify';
import type { WebSocket } from 'ws';
import type { Agent, Connection } from '../status/agents.ts';
import { changeForAgent, snapshotForAgent } from './for-agent.ts';
import { SliceUpdates } from './slice-updates.ts';

export interface UpdateLimits {
  /** Most that may wait to be read by one agent, in bytes. */
  readonly bufferedBytes: number;
  /** How long a snapshot is kept for the next agent, in milliseconds. */
  readonly snapshotMs: number;
}

/** What a copy is of; it stands behind the epoch that agents are told, so that one is not taken for the other. */
const flavours = { single: '', all: '/all', slice: sliceMark } as const;
type Flavour = keyof typeof flavours;

/**
 * What agents are told of the store: first what each does not have, then every commit, those of one turn of the event loop
 * together. As long as there is one datapath everybody is told everything; where there are several, each agent that knows of
 * slices is told what its host can reach.
 */
export class Updates implements Disposable {
  readonly #store: Store;
  readonly #logger: FastifyBaseLogger;
  readonly #limits: UpdateLimits;
  /** The connections that are up to date, of agents that are told everything. */
  readonly #members = new Map<WebSocket, Agent>();
  /** Undefined while there is one datapath, or it is not known. */
  #slices: SliceUpdates | undefined;
  #isCounted = false;
  readonly #unsubscribe: () => void;
  #shared: { revision: number; bytes: Buffer } | undefined;
  #forgetting: NodeJS.Timeout | undefined;
  #pending: { revision: number; changes: Map<string, Change>; all: Change[] } | undefined;

  constructor(store: Store, logger: FastifyBaseLogger, limits: UpdateLimits) {
    this.#store = store;
    this.#logger = logger;
    this.#limits = limits;
    this.#unsubscribe = store.subscribe((commit) => this.#committed(commit));
  }

  [Symbol.dispose](): void {
    this.#unsubscribe();
    this.#slices?.[Symbol.dispose]();
  }

  /** Undefined while everybody is told everything. */
  get slices(): SliceUpdates | undefined {
    return this.#slices;
  }

  /** An agent has reported. */
  reported(agent: Agent, report: Report, socket: WebSocket): void {
    if (!agent.held && this.#slices?.reported(agent, report)) this.#members.delete(socket);
  }

  /** Tells a connection nothing more. */
  leave(socket: WebSocket): void {
    this.#members.delete(socket);
    this.#slices?.leave(socket);
  }

  /** Tells an agent what it does not have, and from then on what is committed. */
  async bringUpToDate(socket: WebSocket, connection: Connection, agent: Agent): Promise<void> {
    const { hello: has } = agent;
    try {
      // No commit comes between what is read and the moment from which commits are told.
      await this.#store.read(async (reader) => {
        if (!this.#isCounted) await this.#count(reader);
        if (socket.readyState !== socket.OPEN) return;
        if (this.#slices && has.slices) return this.#slices.ask(agent, socket, this.#revisionOf(has, 'slice'));
        await this.#tellAll(socket, agent, this.#revisionOf(has, this.#flavour), reader);
      });
    } catch (error) {
      this.#logger.error({ err: error, node: has.node }, 'an agent could not be brought up to date; it will retry');
      connection.close(1011, 'the manager could not read its store');
      // An agent that does not hear that is not waited for.
      setTimeout(() => socket.terminate(), 1000).unref();
    }
  }

  /** Tells an agent everything that it does not have, and from then on what is committed. */
  async #tellAll(socket: WebSocket, agent: Agent, has: number | undefined, reader: Reader): Promise<void> {
    const known = has === undefined ? undefined : await reader.changesSince(has);
    this.send(socket, known ? this.#changes(reader.revision, known) : await this.#snapshot(reader));
    if (socket.readyState === socket.OPEN) this.#members.set(socket, agent);
  }

  #changes(revision: number, changes: Iterable<Change>): string {
    const { id: store } = this.#store;
    const sent = [...changes].filter(({ kind }) => isForAll(kind)).map(changeForAgent);
    const epoch = this.#epochOf(this.#flavour);
    return JSON.stringify({ type: 'changes', store, epoch, revision, changes: sent } satisfies ToAgent);
  }

  /** The revision of an agent's copy, if that can be brought up to date. */
  #revisionOf({ store, epoch, revision }: Agent['hello'], flavour: Flavour): number | undefined {
    // Agents of older versions do not say of which past of the store their copy is.
    if (store !== this.#store.id || !epoch || revision === null) return undefined;
    const [past, what] = epoch.split(/(?=\/)/);
    return (what ?? '') === flavours[flavour] && this.#store.isPast(past!, revision) ? revision : undefined;
  }

  #epochOf(flavour: Flavour): string {
    return this.#store.epoch + flavours[flavour];
  }

  get #flavour(): Flavour {
    return this.#slices ? 'all' : 'single';
  }

  /** Counts the datapaths. Where slices begin or end with that, everybody is told anew. */
  async #count(reader: Reader): Promise<void> {
    const isSliced = (await reader.count('datapath')) > 1;
    this.#isCounted = true;
    if (isSliced === (this.#slices !== undefined)) return;
    const agents = new Map([...(this.#slices?.agents() ?? []), ...this.#members]);
    this.#slices?.[Symbol.dispose]();
    this.#shared = undefined;
    const parts = {
      store: this.#store,
      epoch: this.#epochOf('slice'),
      logger: this.#logger,
      send: (socket: WebSocket, text: string) => this.send(socket, text),
    };
    this.#slices = isSliced ? await SliceUpdates.start(parts, reader) : undefined;
    for (const [socket, agent] of agents) {
      if (this.#slices && agent.hello.slices) this.#slices.ask(agent, socket, undefined);
      else await this.#tellAll(socket, agent, undefined, reader);
    }
  }

  /** The whole store as agents get it. Those that come at one revision, as all do after a restart, share the bytes. */
  async #snapshot(reader: Reader): Promise<Buffer> {
    const { revision } = reader;
    if (this.#shared?.revision !== revision) {
      const { rows, ...position } = await snapshotForAgent(reader, isForAll);
      noteWork(Object.values(rows).reduce((sum, { length }) => sum + length, 0));
      const { id: store } = this.#store;
      const epoch = this.#epochOf(this.#flavour);
      const message = { type: 'snapshot', store, epoch, ...position, rows } satisfies ToAgent;
      this.#shared = { revision, bytes: Buffer.from(JSON.stringify(message)) };
    }
    clearTimeout(this.#forgetting);
    this.#forgetting = setTimeout(() => {
      this.#shared = undefined;
    }, this.#limits.snapshotMs).unref();
    return this.#shared.bytes;
  }

  #committed({ revision, changes }: Commit): void {
    noteWork(changes.length);
    if (!this.#pending) {
      this.#pending = { revision, changes: new Map(), all: [] };
      // The store tells of all commits of one turn at once.
      queueMicrotask(
        contained(
          () => this.#flush(),
          (error) => this.#behind(error),
        ),
      );
    }
    this.#pending.revision = revision;
    for (const change of changes) this.#pending.changes.set(`${change.kind} ${change.id}`, change);
    for (const change of changes) this.#pending.all.push(change);
  }

  /** Who has not been told a commit resumes from what it has. */
  #behind(error: unknown): void {
    this.#logger.error({ err: error }, 'a change could not be sent to the agents; they reconnect');
    const sockets = new Map([...(this.#slices?.agents() ?? []), ...this.#members]).keys();
    this.#slices?.[Symbol.dispose]();
    this.#slices = undefined;
    this.#isCounted = false;
    for (const socket of sockets) socket.terminate();
  }

  #flush(): void {
    const pending = this.#pending;
    this.#pending = undefined;
    if (!pending) return;
    const { revision, changes, all } = pending;
    this.#slices?.committed(revision, all, changes);
    if (all.some(({ kind }) => kind === 'datapath'))
      this.#store.read((reader) => this.#count(reader)).catch((error) => this.#behind(error));
    if (this.#members.size === 0) return;
    // One copy for all, however slowly they read.
    const bytes = Buffer.from(this.#changes(revision, changes.values()));
    for (const socket of this.#members.keys()) this.send(socket, bytes);
  }

  send(socket: WebSocket, text: string | Buffer): void {
    if (socket.readyState !== socket.OPEN) return;
    if (socket.bufferedAmount > this.#limits.bufferedBytes) {
      this.#logger.warn({ bufferedBytes: socket.bufferedAmount }, 'an agent reads too slowly and is disconnected');
      this.#members.delete(socket);
      socket.terminate();
      return;
    }
    socket.send(text, { binary: false });
  }
}

/**
 * Whether agents that are told everything are told of a kind. Where interfaces are needs no saying if there is one datapath; otherwise
 * those agents are of versions that have no tunnels, and do not know the kind.
 */
function isForAll(kind: Kind): boolean {
  return kind !== 'active_interface';
}
