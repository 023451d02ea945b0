import { hostname } from 'node:os';
import { text } from 'node:stream/consumers';
import { contained, printable, type Question, type ToAgent, type ToManager } from '@openvnet/model';
import type { Logger } from 'pino';
import WebSocket from 'ws';
import { machineIdentity } from './machine.ts';
import type { Position } from './slice.ts';

/** Delay between attempts to reach the manager, in milliseconds: first and maximum. */
const retryMs = { first: 50, most: 1000 };
/** The same after the manager has refused this agent. */
const refusedMs = { first: 2000, most: 60_000 };
/** Silence after which the connection is closed, in milliseconds. */
const silenceMs = 15_000;
const pingMs = 5000;

type Hello = Extract<ToManager, { type: 'hello' }>;

/** What an agent may say of itself in place of what is found out. */
export type Says = Partial<Pick<Hello, 'version' | 'hostname' | 'machine'>>;

export interface FeedOptions {
  /** `http://host:port` of the manager. */
  readonly manager: string;
  readonly node: string;
  readonly says: Says & Pick<Hello, 'version'>;
  readonly log: Logger;
  /** The present copy, from which the feed resumes. */
  readonly copy: () => Position | undefined;
  /** The last known store, if there is no copy. */
  readonly heard: () => Position | undefined;
  /** Called with each message of the manager and its text. */
  readonly onSlice: (slice: Extract<ToAgent, { type: 'snapshot' | 'changes' }>, text: string) => void;
  readonly onQuestion: (question: Question) => Promise<unknown>;
  /** Called when a connection to the manager is open, with the address of this host that it uses. */
  readonly onOpen: (address: string | undefined) => void;
  /** Called when the manager expects the first report. */
  readonly onUp: () => void;
  /** The manager wants to know the ports of the host before it sends a slice. */
  readonly onSlices: () => void;
}

/** The agent's end of the feed. Connects, and reconnects until it is closed. */
export class FeedClient {
  readonly #options: FeedOptions;
  #socket: WebSocket | undefined;
  #closed = false;
  #timer: NodeJS.Timeout | undefined;
  readonly #startedAt = Date.now();
  #failures = 0;
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

  /** Sends a message if the manager is connected; returns whether. */
  send(message: ToManager): boolean {
    if (!this.connected) return false;
    const text = JSON.stringify(message);
    try {
      this.#socket!.send(text);
      return true;
    } catch {
      // It is unknown which messages arrived; the next connection reports everything again.
      this.#socket!.terminate();
      return false;
    }
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#socket?.terminate();
  }

  #connect(): void {
    const url = new URL('/feed', this.#options.manager.replace(/^http/, 'ws'));
    const options = { perMessageDeflate: false, maxPayload: 1 << 30, handshakeTimeout: 5000 };
    const dial = (): void => this.#use(new WebSocket(url, options));
    contained(dial, (error) => {
      this.#down((error as Error).message);
      this.#again();
    })();
  }

  #use(socket: WebSocket): void {
    const { manager, log, copy, heard } = this.#options;
    this.#socket = socket;
    // A failure ends the connection; a new one follows.
    const safely = <A extends readonly unknown[]>(work: (...args: A) => unknown): ((...args: A) => void) =>
      contained(work, (error) => {
        log.warn({ err: error, manager }, 'the connection to the manager failed; reconnecting');
        socket.terminate();
      });
    let refused = false;
    let silence: NodeJS.Timeout | undefined;
    const alive = (): void => {
      clearTimeout(silence);
      silence = setTimeout(() => socket.terminate(), silenceMs);
    };
    const ping = (): unknown => socket.readyState === WebSocket.OPEN && socket.ping();
    const pings = setInterval(safely(ping), pingMs);
    let from: string | undefined;
    socket.on('upgrade', (response) => {
      from = response.socket.localAddress;
    });
    const opened = (): void => {
      const { node, says } = this.#options;
      const machine = machineIdentity();
      const { store = heard()?.store ?? null, revision = null, epoch = null } = copy() ?? {};
      socket.send(
        JSON.stringify({
          type: 'hello',
          node,
          hostname: hostname(),
          pid: process.pid,
          started_at: this.#startedAt,
          ...(machine !== undefined && { machine }),
          ...says,
          store,
          revision,
          epoch,
          slices: true,
        } satisfies ToManager),
      );
      log.info({ manager, revision }, 'connected to the manager');
      this.#options.onOpen(from);
      alive();
    };
    socket.on('open', safely(opened));
    socket.on('pong', alive);
    socket.on('message', (data) => {
      alive();
      this.#receive(data, socket);
    });
    // Read here, because the body names the setting that prevents the connection.
    socket.on('unexpected-response', (request, response) => {
      refused = true;
      text(response.setTimeout(5000, () => response.destroy()))
        .catch(() => '')
        .then((body) => this.#down(`${response.statusCode} ${printable(body.slice(0, 500))}`.trim(), true))
        .finally(() => {
          request.destroy();
          socket.terminate();
        });
    });
    socket.on('error', (error: NodeJS.ErrnoException) => this.#down(error.code ?? error.message));
    socket.on('close', (code, reason) => {
      clearTimeout(silence);
      clearInterval(pings);
      if (this.#closed) return;
      const isRefused = refused || code === 1008 || code >= 4000;
      this.#down(reason.length > 0 ? String(reason) : `closed (${code})`, isRefused);
      this.#again(isRefused);
    });
  }

  #again(refused = false): void {
    this.#timer = setTimeout(() => this.#connect(), this.#waitMs(refused));
  }

  #receive(data: WebSocket.RawData, socket: WebSocket): void {
    const { log, onSlice, onQuestion, onUp, onSlices } = this.#options;
    try {
      const text = String(data);
      const message = JSON.parse(text) as ToAgent;
      if (message.type === 'ask') {
        const answer = (value: unknown): void => {
          if (socket === this.#socket) this.send({ type: 'answer', ask: message.ask, answer: value });
        };
        // An answer may also turn out to be too large to be sent.
        const asked = onQuestion(message.question).then(answer);
        const none = asked.catch((error: unknown) => {
          log.warn({ err: error, question: message.question }, 'a question of the manager could not be answered');
          answer(null);
        });
        none.catch(() => socket.terminate());
        return;
      }
      if (message.type === 'wait') {
        this.#down(message.reason, true);
        if (message.report) onUp();
        return;
      }
      if (message.type === 'slices') {
        onSlices();
        return;
      }
      onSlice(message, text);
      this.#failures = 0;
      this.#reason = undefined;
      if (!this.#up) onUp();
      this.#up = true;
    } catch (error) {
      log.error({ err: error }, 'the manager sent a message that cannot be read; reconnecting');
      socket.terminate();
    }
  }

  /** Delay until the next attempt; partly random, so that agents do not reconnect all at once. */
  #waitMs(refused: boolean): number {
    const { first, most } = refused ? refusedMs : retryMs;
    return Math.min(first * 2 ** this.#failures++, most) * (0.75 + Math.random() / 4);
  }

  /** Logs once, not at each attempt, why the manager cannot be reached. */
  #down(reason: string, refused = false): void {
    this.#up = false;
    if (this.#reason !== undefined) return;
    this.#reason = reason;
    const { manager, log, copy } = this.#options;
    const revision = copy()?.revision ?? null;
    const meanwhile =
      revision === null ? 'no bridge is served until it answers' : 'the switches are served from the copy on disk';
    const what = refused ? 'the manager does not serve this agent' : 'the manager cannot be reached';
    log.warn({ manager, reason, revision }, `${what}; ${meanwhile}`);
  }
}
