import { createSocket } from 'node:dgram';
import type { Exchange } from '@openvnet/compiler';
import { askOverTcp } from './tcp-exchange.ts';

/** Exchanges under way at once: in all, and for one port. */
const most = { all: 256, each: 32 };
const timeoutMs = 1500;
/** For all of an answer over TCP. */
const tcpTimeoutMs = 3000;
/** Servers that are tried. */
const mostServers = 3;

/** Asks servers from the host's own network, over TCP where one has more to say: a socket for each exchange, so that nobody can guess its port. */
export class UdpExchanges {
  /** What gives up each that is under way. */
  readonly #open = new Set<() => void>();
  readonly #busy = new Map<string, number>();
  #closed = false;

  get size(): number {
    return this.#open.size;
  }

  /** The first answer that is accepted; undefined where there is none, or where `client` or all have too much under way. */
  async ask(client: string, exchange: Exchange): Promise<Buffer | undefined> {
    const { servers, hasMore } = exchange;
    const busy = this.#busy.get(client) ?? 0;
    if (busy >= most.each || this.#open.size >= most.all) return undefined;
    this.#busy.set(client, busy + 1);
    try {
      for (const server of servers.slice(0, mostServers)) {
        const short = await this.#try(server, exchange);
        const answer = short && hasMore?.(short) ? await this.#tryWhole(server, exchange) : short;
        if (answer) return answer;
      }
      return undefined;
    } finally {
      const left = this.#busy.get(client)! - 1;
      if (left > 0) this.#busy.set(client, left);
      else this.#busy.delete(client);
    }
  }

  close(): void {
    this.#closed = true;
    for (const giveUp of [...this.#open]) giveUp();
  }

  #try(server: string, { port, message, accept }: Exchange): Promise<Buffer | undefined> {
    if (this.#closed) return Promise.resolve(undefined);
    const socket = createSocket('udp4');
    return new Promise((resolve) => {
      const settle = (answer?: Buffer): void => {
        clearTimeout(timer);
        if (this.#open.delete(settle)) socket.close();
        resolve(answer);
      };
      this.#open.add(settle);
      const timer = setTimeout(settle, timeoutMs);
      socket.on('error', () => settle());
      socket.on('message', (answer) => {
        if (accept(answer)) settle(answer);
      });
      // Connected, the kernel passes on only what that server sends, and says where it refuses.
      socket.connect(port, server, () => socket.send(message));
    });
  }

  async #tryWhole(server: string, { port, message, accept }: Exchange): Promise<Buffer | undefined> {
    if (this.#closed) return undefined;
    const { answer, end } = askOverTcp({ host: server, port, ms: tcpTimeoutMs }, message, accept);
    this.#open.add(end);
    try {
      return await answer;
    } finally {
      this.#open.delete(end);
    }
  }
}
