import { type Change, contained, type ToAgent } from '@openvnet/model';
import { noteWork } from '@openvnet/settings';
import type { Commit, Reader, Store } from '@openvnet/store';
import type { FastifyBaseLogger } from 'fastify';
import type { WebSocket } from 'ws';
import type { Agent, Connection } from '../status/agents.ts';
import { changeForAgent, snapshotForAgent } from './for-agent.ts';

export interface UpdateLimits {
  /** Most that may wait to be read by one agent, in bytes. */
  readonly bufferedBytes: number;
  /** How long a snapshot is kept for the next agent, in milliseconds. */
  readonly snapshotMs: number;
}

/**
 * What agents are told of the store: first what each does not have, then every commit, those of one turn of the event loop
 * together.
 */
export class Updates implements Disposable {
  readonly #store: Store;
  readonly #logger: FastifyBaseLogger;
  readonly #limits: UpdateLimits;
  /** The connections that are up to date. */
  readonly #members = new Set<WebSocket>();
  readonly #unsubscribe: () => void;
  #shared: { revision: number; bytes: Buffer } | undefined;
  #forgetting: NodeJS.Timeout | undefined;
  #pending: { revision: number; changes: Map<string, Change> } | undefined;

  constructor(store: Store, logger: FastifyBaseLogger, limits: UpdateLimits) {
    this.#store = store;
    this.#logger = logger;
    this.#limits = limits;
    this.#unsubscribe = store.subscribe((commit) => this.#committed(commit));
  }

  [Symbol.dispose](): void {
    this.#unsubscribe();
  }

  /** Tells a connection nothing more. */
  leave(socket: WebSocket): void {
    this.#members.delete(socket);
  }

  /** Tells an agent what it does not have, and from then on what is committed. */
  async bringUpToDate(socket: WebSocket, connection: Connection, has: Agent['hello']): Promise<void> {
    const { id: store, epoch } = this.#store;
    const { revision } = has;
    // Agents of older versions do not say of which past of the store their copy is.
    const isPast = has.store === store && has.epoch && revision !== null && this.#store.isPast(has.epoch, revision);
    try {
      // No commit comes between what is read and the moment from which commits are told.
      await this.#store.read(async (reader) => {
        const known = isPast ? await reader.changesSince(revision) : undefined;
        const { revision: now } = reader;
        const changes =
          known &&
          ({ type: 'changes', store, epoch, revision: now, changes: known.map(changeForAgent) } satisfies ToAgent);
        this.send(socket, changes ? JSON.stringify(changes) : await this.#snapshot(reader));
        if (socket.readyState === socket.OPEN) this.#members.add(socket);
      });
    } catch (error) {
      this.#logger.error({ err: error, node: has.node }, 'an agent could not be brought up to date; it will retry');
      connection.close(1011, 'the manager could not read its store');
      // An agent that does not hear that is not waited for.
      setTimeout(() => socket.terminate(), 1000).unref();
    }
  }

  /** The whole store as agents get it. Those that come at one revision, as all do after a restart, share the bytes. */
  async #snapshot(reader: Reader): Promise<Buffer> {
    const { revision } = reader;
    if (this.#shared?.revision !== revision) {
      const { rows, ...position } = await snapshotForAgent(reader);
      noteWork(Object.values(rows).reduce((sum, { length }) => sum + length, 0));
      const { id: store, epoch } = this.#store;
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
      this.#pending = { revision, changes: new Map() };
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
  }

  /** Who has not been told a commit resumes from what it has. */
  #behind(error: unknown): void {
    this.#logger.error({ err: error }, 'a change could not be sent to the agents; they reconnect');
    for (const socket of this.#members) socket.terminate();
  }

  #flush(): void {
    const pending = this.#pending;
    this.#pending = undefined;
    if (!pending || this.#members.size === 0) return;
    const { revision, changes } = pending;
    const sent = [...changes.values()].map(changeForAgent);
    const { id: store, epoch } = this.#store;
    const message = { type: 'changes', store, epoch, revision, changes: sent } satisfies ToAgent;
    // One copy for all, however slowly they read.
    const bytes = Buffer.from(JSON.stringify(message));
    for (const socket of this.#members) this.send(socket, bytes);
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
