import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import { HeldBytes } from '../held-bytes.ts';

export interface InboundLimits {
  /** Most that all connections together may have sent of messages that are not whole yet, in bytes. */
  readonly inboundBytes: number;
  /** Most that one connection may send before it has said hello. */
  readonly helloBytes: number;
}

/** Head of a control frame of a client, which is masked (RFC 6455, 5.2). */
const controlHead = 6;

/**
 * Bounds the memory of what agents have sent and is not a whole message yet. Where all together have more than the limit, the
 * connection that has not moved for the longest is ended. A message may be large; many large ones at once are not the work of agents.
 */
export class Inbound {
  readonly #limits: InboundLimits;
  readonly #held = new HeldBytes<WebSocket>();
  readonly #greeted = new WeakSet<WebSocket>();

  constructor(limits: InboundLimits) {
    this.#limits = limits;
  }

  /** Counts what comes on `raw`, the connection below `socket`. Calls `tooMuch` before one is ended for it. */
  watch(socket: WebSocket, raw: Duplex, tooMuch: (socket: WebSocket, bytes: number) => void): void {
    const end = (one: WebSocket): void => {
      tooMuch(one, this.#held.release(one));
      one.terminate();
    };
    raw.prependListener('data', (chunk: Buffer) => {
      this.#held.add(socket, chunk.length);
      if (!this.#greeted.has(socket) && this.#held.of(socket) > this.#limits.helloBytes) end(socket);
      else if (this.#held.total > this.#limits.inboundBytes) end(this.#held.stalest()!);
    });
    const control = (data: Buffer): void => this.#held.add(socket, -data.length - controlHead);
    socket.on('ping', control).on('pong', control);
    socket.on('message', () => this.#held.release(socket));
    socket.on('close', () => this.#held.release(socket));
  }

  /** The connection has said hello and may send larger messages. */
  greeted(socket: WebSocket): void {
    this.#greeted.add(socket);
  }
}
