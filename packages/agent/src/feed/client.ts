import { hostname } from 'node:os';
import type { Question, ToAgent, ToManager } from '@openvnet/model';
import type { Logger } from 'pino';
import WebSocket from 'ws';

/** Waits between attempts to reach the manager, milliseconds: the first, and the most. */
const retryMs = { first: 50, most: 1000 };
/** Silence after which the connection is given up, milliseconds. */
const silenceMs = 15_000;
const pingMs = 5000;

export interface FeedOptions {
  /** `http://host:port` of the manager. */
  readonly manager: string;
  readonly node: string;
  readonly version: string;
  readonly log: Logger;
  /** The copy that there is, to go on from. */
  readonly copy: () => { store: string; revision: number } | undefined;
  readonly onSlice: (slice: Extract<ToAgent, { type: 'snapshot' | 'changes' }>) => void;
  readonly onQuestion: (question: Question) => Promise<unknown>;
  /** The manager is there and wants the first report. */
  readonly onUp: () => void;
}

/** The agent's end of the feed: connects, and connects again, until it is closed. */
export class FeedClient {
  readonly #options: FeedOptions;
  #socket: WebSocket | undefined;
  #closed = false;
  #timer: NodeJS.Timeout | undefined;
  #retryMs = retryMs.first;
  #reason: string | undefined;
  /** Whether the manager has answered on this connection. */
  #up = false;

  constructor(options: FeedOptions) {
    this.#options = options;
    this.#connect();
  }

  get connected(): boolean {
    return this.#socket?.readyState === WebSocket.OPEN;
  }

  /** Sends a message if the manager is there; says whether. */
  send(message: ToManager): boolean {
    if (!this.connected) return false;
    this.#socket!.send(JSON.stringify(message));
    return true;
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#socket?.terminate();
  }

  #connect(): void {
    const { manager, log, copy } = this.#options;
    const url = new URL('/feed', manager.replace(/^http/, 'ws'));
    const socket = new WebSocket(url, { perMessageDeflate: false, maxPayload: 1 << 30, handshakeTimeout: 5000 });
    this.#socket = socket;
    let silence: NodeJS.Timeout | undefined;
    const alive = (): void => {
      clearTimeout(silence);
      silence = setTimeout(() => socket.terminate(), silenceMs);
    };
    const pings = setInterval(() => socket.readyState === WebSocket.OPEN && socket.ping(), pingMs);
    socket.on('open', () => {
      const { node, version } = this.#options;
      const { store = null, revision = null } = copy() ?? {};
      socket.send(
        JSON.stringify({
          type: 'hello',
          node,
          version,
          hostname: hostname(),
          pid: process.pid,
          store,
          revision,
        } satisfies ToManager),
      );
      log.info({ manager, revision }, 'connected to the manager');
      this.#retryMs = retryMs.first;
      this.#reason = undefined;
      alive();
    });
    socket.on('pong', alive);
    socket.on('message', (data) => {
      alive();
      this.#receive(String(data), socket);
    });
    socket.on('error', (error: NodeJS.ErrnoException) => this.#down(error.code ?? error.message));
    socket.on('close', (code, reason) => {
      clearTimeout(silence);
      clearInterval(pings);
      if (this.#closed) return;
      this.#down(reason.length > 0 ? String(reason) : `closed (${code})`);
      this.#timer = setTimeout(() => this.#connect(), this.#retryMs);
      this.#retryMs = Math.min(this.#retryMs * 2, retryMs.most);
    });
  }

  #receive(text: string, socket: WebSocket): void {
    const { log, onSlice, onQuestion, onUp } = this.#options;
    try {
      const message = JSON.parse(text) as ToAgent;
      if (message.type === 'ask') {
        const answer = (value: unknown): void => {
          if (socket === this.#socket) this.send({ type: 'answer', ask: message.ask, answer: value });
        };
        onQuestion(message.question).then(answer, (error: unknown) => {
          log.warn({ err: error, question: message.question }, 'a question of the manager could not be answered');
          answer(null);
        });
        return;
      }
      onSlice(message);
      if (!this.#up) onUp();
      this.#up = true;
    } catch (error) {
      log.error({ err: error }, 'the manager sent something that cannot be read; the connection starts anew');
      socket.terminate();
    }
  }

  /** Says once, and not at each attempt, why the manager cannot be reached. */
  #down(reason: string): void {
    this.#up = false;
    if (this.#reason !== undefined) return;
    this.#reason = reason;
    const { manager, log, copy } = this.#options;
    const revision = copy()?.revision ?? null;
    const meanwhile =
      revision === null ? 'there is nothing to serve until it can' : 'the switches are served from the copy on disk';
    log.warn({ manager, reason, revision }, `the manager cannot be reached; ${meanwhile}`);
  }
}
