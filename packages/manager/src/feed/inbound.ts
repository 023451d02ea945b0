import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';

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
 * connection with the most is ended. A message may be large; many large ones at once are not the work of agents.
 */
export class Inbound {
  readonly #limits: InboundLimits;
  readonly #held = new Map<WebSocket, number>();
  readonly #greeted = new WeakSet<WebSocket>();
  #total = 0;

  constructor(limits: InboundLimits) {
    this.#limits = limits;
  }

  /** Counts what comes on `raw`, the connection below `socket`. Calls `tooMuch` before one is ended for it. */
  watch(socket: WebSocket, raw: Duplex, tooMuch: (socket: WebSocket, bytes: number) => void): void {
    const end = (one: WebSocket): void => {
      tooMuch(one, this.#held.get(one) ?? 0);
      this.#set(one, 0);
      one.terminate();
    };
    raw.prependListener('data', (chunk: Buffer) => {
      const held = (this.#held.get(socket) ?? 0) + chunk.length;
      this.#set(socket, held);
      if (held > this.#limits.helloBytes && !this.#greeted.has(socket)) end(socket);
      else if (this.#total > this.#limits.inboundBytes) end(this.#largest());
    });
    const control = (data: Buffer): void =>
      this.#set(socket, (this.#held.get(socket) ?? 0) - data.length - controlHead);
    socket.on('ping', control).on('pong', control);
    socket.on('message', () => this.#set(socket, 0));
    socket.on('close', () => {
      this.#set(socket, 0);
      this.#held.delete(socket);
    });
  }

  /** The connection has said hello and may send larger messages. */
  greeted(socket: WebSocket): void {
    this.#greeted.add(socket);
  }

  #set(socket: WebSocket, bytes: number): void {
    const held = Math.max(0, bytes);
    this.#total += held - (this.#held.get(socket) ?? 0);
    this.#held.set(socket, held);
  }

  #largest(): WebSocket {
    return [...this.#held].reduce((most, one) => (one[1] > most[1] ? one : most))[0];
  }
}
