/**
 * The feed to agents: a WebSocket at `/feed`, as `feed.ts` of the model says. A new connection is brought up to date from
 * what it has; then it gets what is committed, all commits of one turn of the event loop together. An agent that reads
 * too slowly is disconnected, and resumes.
 */
import { once } from 'node:events';
import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { contained, parsePrintable, type Report, type ToAgent } from '@openvnet/model';
import { toManager } from '@openvnet/model/from-agents';
import type { Store } from '@openvnet/store';
import type { FastifyBaseLogger } from 'fastify';
import { type RawData, type WebSocket, WebSocketServer } from 'ws';
import { type AdmissionRules, refusalOfVisitor } from '../api/admission.ts';
import { Placements } from '../hosts/placements.ts';
import { Underlays } from '../hosts/underlays.ts';
import type { Agent, Agents, Connection } from '../status/agents.ts';
import type { Claim } from '../status/claims.ts';
import { Releases } from '../status/releases.ts';
import type { Strangers } from '../status/strangers.ts';
import { Inbound, type InboundLimits } from './inbound.ts';
import { unconfirmed } from './succession.ts';
import { type UpdateLimits, Updates } from './updates.ts';

export interface FeedLimits extends InboundLimits, UpdateLimits {
  /** How often a connection is asked for a sign of life, in milliseconds. */
  readonly heartbeatMs: number;
  /** How long a connection may be silent before it says hello. */
  readonly helloMs: number;
  /** How long an agent may take to answer when another one says its name. */
  readonly aliveMs: number;
  /** How long the other end may take to close a connection with us, in milliseconds. */
  readonly closeMs: number;
  /** Most that is kept of what all agents have reported, in bytes. */
  readonly reportBytes: number;
  /** Most connections. */
  readonly connections: number;
}

const usual: FeedLimits = {
  bufferedBytes: 64 << 20,
  inboundBytes: 128 << 20,
  helloBytes: 16 << 10,
  heartbeatMs: 10_000,
  helloMs: 10_000,
  aliveMs: 5000,
  closeMs: 2000,
  snapshotMs: 2000,
  reportBytes: 256 << 20,
  connections: 4000,
};

export interface FeedParts {
  readonly store: Store;
  readonly agents: Agents;
  readonly strangers: Strangers;
  readonly logger: FastifyBaseLogger;
  /** The store takes the place of any other, as an operator has confirmed. */
  readonly newStore?: boolean;
}

export class Feed implements Disposable {
  readonly #store: Store;
  readonly #agents: Agents;
  readonly #strangers: Strangers;
  readonly #releases: Releases;
  readonly #placements: Placements;
  readonly #underlays: Underlays;
  readonly #logger: FastifyBaseLogger;
  readonly #newStore: boolean;
  readonly #limits: FeedLimits;
  readonly #sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false, maxPayload: 64 << 20 });
  readonly #inbound: Inbound;
  readonly #updates: Updates;
  readonly #alive = new WeakSet<WebSocket>();
  readonly #stop: (() => void)[];

  constructor({ store, agents, strangers, logger, newStore = false }: FeedParts, limits: Partial<FeedLimits> = {}) {
    this.#store = store;
    this.#agents = agents;
    this.#strangers = strangers;
    this.#releases = new Releases(store, agents, logger);
    this.#placements = new Placements({ store, agents, logger });
    this.#underlays = new Underlays({ store, agents, logger });
    this.#logger = logger;
    this.#newStore = newStore;
    this.#limits = { ...usual, ...limits };
    this.#inbound = new Inbound(this.#limits);
    const heartbeat = setInterval(() => this.#heartbeat(), this.#limits.heartbeatMs);
    heartbeat.unref();
    this.#updates = new Updates(store, logger, this.#limits);
    agents.concerns = () => this.#updates.slices;
    this.#stop = [() => this.#updates[Symbol.dispose](), () => clearInterval(heartbeat)];
  }

  /** Takes the upgrades to `/feed`; others are refused. */
  attach(server: Server, admission: AdmissionRules): void {
    const upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): unknown => {
      if (request.url?.split('?')[0] !== '/feed') return end(socket, '404 Not Found');
      if (this.#sockets.clients.size >= this.#limits.connections) return end(socket, '503 Service Unavailable');
      const refusal = refusalOfVisitor(request, admission);
      if (refusal) return end(socket, '403 Forbidden', JSON.stringify(refusal));
      const address = (request.socket.remoteAddress ?? 'unknown').replace(/^::ffff:/, '');
      this.#sockets.handleUpgrade(request, socket, head, (made) => this.#welcome(made, socket, address));
    };
    server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      const failed = (error: unknown): void => {
        this.#logger.debug({ err: error }, 'connection to the feed failed');
        socket.destroy();
      };
      socket.on('error', failed);
      contained(upgrade, failed)(request, socket, head);
    });
  }

  [Symbol.dispose](): void {
    for (const stop of this.#stop) stop();
    this.#placements[Symbol.dispose]();
    this.#underlays[Symbol.dispose]();
    for (const socket of this.#sockets.clients) socket.close(1001, 'the manager is stopping');
    this.#sockets.close();
  }

  #welcome(socket: WebSocket, raw: Duplex, address: string): void {
    let agent: Agent | undefined;
    let claim: Claim | undefined;
    const connection: Connection = {
      send: (message) => this.#updates.send(socket, JSON.stringify(message)),
      close: (code, reason) => {
        this.#updates.leave(socket);
        socket.close(code, reason);
        // The other end may never answer that it has closed too.
        setTimeout(() => socket.terminate(), this.#limits.closeMs).unref();
      },
    };
    // What fails on one connection ends that one.
    const safely = <A extends readonly unknown[]>(work: (...args: A) => unknown): ((...args: A) => void) =>
      contained(work, (error) => {
        this.#logger.error(
          { err: error, address, node: agent?.node },
          'the connection of an agent failed and was closed',
        );
        socket.terminate();
      });
    this.#inbound.watch(socket, raw, (one, bytes) => {
      this.#logger.warn(
        { address, bytes },
        'an agent exceeds the memory limit for unread messages and is disconnected',
      );
      this.#updates.leave(one);
    });
    const late = (): void => this.#refuse(connection, agent, 'no hello was received in time');
    const silence = setTimeout(safely(late), this.#limits.helloMs);
    this.#alive.add(socket);
    socket.on('pong', () => this.#alive.add(socket));
    socket.on('error', (error) =>
      this.#logger.debug({ err: error, node: agent?.node }, 'the connection of an agent failed'),
    );
    const closed = (code: number): void => {
      clearTimeout(silence);
      this.#updates.leave(socket);
      if (claim) this.#agents.claims.leave(claim);
      if (!agent) return;
      this.#agents.gone(agent, connection);
      this.#logger.info({ node: agent.node, code }, 'an agent disconnected');
    };
    socket.on('close', safely(closed));
    const heard = (data: RawData): unknown => {
      if (socket.readyState !== socket.OPEN) return;
      if (agent && this.#strangers.sendsTooMuch(agent, (data as Buffer).length)) {
        return this.#refuse(
          connection,
          agent,
          `message of ${(data as Buffer).length} bytes, though none of its bridges is registered`,
        );
      }
      const message = toManager.safeParse(parseJson(String(data)));
      if (!message.success) {
        const [issue] = message.error.issues;
        return this.#refuse(connection, agent, `${issue!.path.join('.') || 'message'}: ${issue!.message}`);
      }
      const said = message.data;
      if (said.type === 'hello') {
        if (claim) return this.#refuse(connection, agent, 'hello was sent twice');
        clearTimeout(silence);
        if (!this.#strangers.admits(said.node)) return connection.close(1013, 'too many unregistered agents');
        this.#inbound.greeted(socket);
        const host = { node: said.node, hostname: said.hostname, address, pid: said.pid };
        claim = {
          hello: said,
          address,
          since: Date.now(),
          isAlive: () => answers(socket, this.#limits.aliveMs),
          close: connection.close,
          terminate: () => socket.terminate(),
          granted: () => {
            agent = this.#agents.connected(said, address, connection);
            this.#logger.info({ ...host, version: said.version }, 'an agent connected');
            this.#begin(socket, connection, agent);
          },
          waits: (reason) => {
            this.#logger.warn({ ...host, reason }, 'a second agent claims this node and waits');
            // Agents of older versions do not know the message; they hear nothing until it is their turn.
            if (said.machine !== undefined) connection.send({ type: 'wait', reason } satisfies ToAgent);
          },
        };
        this.#agents.claims.take(claim);
      } else if (!claim) this.#refuse(connection, agent, 'the first message must be hello');
      else if (!agent) return;
      else if (said.type === 'report')
        this.#report(socket, connection, agent, { said, bytes: (data as Buffer).length });
      else this.#agents.answered(agent, said.ask, said.answer);
    };
    socket.on('message', safely(heard));
  }

  #report(socket: WebSocket, connection: Connection, agent: Agent, { said: report, bytes }: Said): void {
    const { bridges = [], bound, waiting = [], heard = [], ports } = report;
    const bounds = bound ? bound.set.length + agent.bound.size : 0;
    const entries = bridges.length + waiting.length + heard.length + bounds + (ports?.set.length ?? 0);
    if (this.#strangers.saysTooMuch({ ...agent, bridges: [...agent.bridges, ...bridges] }, entries)) {
      this.#refuse(connection, agent, `report of ${entries} entries, though none of its bridges is registered`);
    } else {
      this.#agents.reported(agent, report, bytes);
      this.#updates.reported(agent, report, socket);
      this.#placements.reported(agent, report);
      if (report.underlay || report.bridges) this.#underlays.settle();
      if (report.bridges) this.#releases.reported(agent);
      const largest = this.#agents.tooMuch(this.#limits.reportBytes);
      if (!largest) return;
      if (largest.connection) this.#refuse(largest.connection, largest, 'all agents together report more than is kept');
      this.#agents.forget(largest);
    }
  }

  #refuse(connection: Connection, agent: Agent | undefined, reason: string): void {
    this.#logger.warn({ node: agent?.node, reason }, 'an agent sent an invalid message');
    // A reason holds 123 bytes at most.
    connection.close(
      1008,
      Buffer.from(reason)
        .subarray(0, 120)
        .toString()
        .replace(/\ufffd+$/, ''),
    );
  }

  /** Brings an agent up to date; one with the flows of another store only once that is confirmed. */
  #begin(socket: WebSocket, connection: Connection, agent: Agent): void {
    const { hello, node } = agent;
    const { id: ours } = this.#store;
    if (hello.store === null || hello.store === ours || this.#newStore) {
      void this.#updates.bringUpToDate(socket, connection, agent);
      return;
    }
    const reason = unconfirmed(node, { its: hello.store, ours });
    this.#logger.warn({ node, store: hello.store }, reason);
    const release = (): void => {
      this.#logger.warn({ node, store: hello.store }, 'this store replaces the store of the agent');
      void this.#updates.bringUpToDate(socket, connection, agent);
    };
    this.#agents.hold(agent, { reason, release });
    // Agents of older versions do not know the message; they go on with what they have.
    if (hello.epoch !== undefined) connection.send({ type: 'wait', reason, report: true } satisfies ToAgent);
  }

  #heartbeat(): void {
    for (const socket of this.#sockets.clients) {
      if (this.#alive.delete(socket))
        contained(
          () => socket.ping(),
          () => socket.terminate(),
        )();
      else socket.terminate();
    }
  }
}

interface Said {
  readonly said: Report;
  readonly bytes: number;
}

/** Answers an upgrade that is refused. */
function end(socket: Duplex, status: string, body = ''): void {
  const lines = [`HTTP/1.1 ${status}`, 'Connection: close', 'Content-Type: application/json'];
  socket.end([...lines, `Content-Length: ${Buffer.byteLength(body)}`, '', body].join('\r\n'));
}

/** Whether the other end answers a ping within `limitMs`. */
async function answers(socket: WebSocket, limitMs: number): Promise<boolean> {
  if (socket.readyState !== socket.OPEN) return false;
  try {
    socket.ping();
    await once(socket, 'pong', { signal: AbortSignal.timeout(limitMs) });
    return true;
  } catch {
    return false;
  }
}

/** A message of an agent. Agents may say anything: nothing in it reaches a terminal as a command. */
function parseJson(text: string): unknown {
  try {
    return parsePrintable(text);
  } catch {
    return undefined;
  }
}
