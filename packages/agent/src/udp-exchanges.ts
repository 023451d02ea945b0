import { createSocket, type Socket } from 'node:dgram';
import type { Exchange } from './engine/feature.ts';

/** Exchanges under way at once: in all, and for one port. */
const most = { all: 256, each: 32 };
const timeoutMs = 1500;
/** Servers that are tried. */
const mostServers = 3;

/** Asks servers from the host's own network: a socket for each exchange, so that nobody can guess its port. */
export class UdpExchanges {
  readonly #open = new Set<Socket>();
  readonly #busy = new Map<string, number>();
  #closed = false;

  get size(): number {
    return this.#open.size;
  }

  /** The first answer that is accepted; undefined where there is none, or where `client` or all have too much under way. */
  async ask(client: string, { servers, port, message, accept }: Exchange): Promise<Buffer | undefined> {
    const busy = this.#busy.get(client) ?? 0;
    if (busy >= most.each || this.#open.size >= most.all) return undefined;
    this.#busy.set(client, busy + 1);
    try {
      for (const server of servers.slice(0, mostServers)) {
        const answer = await this.#try(server, port, message, accept);
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
    for (const socket of this.#open) socket.emit('error', new Error('closed'));
  }

  #try(server: string, port: number, message: Uint8Array, accept: Exchange['accept']): Promise<Buffer | undefined> {
    if (this.#closed) return Promise.resolve(undefined);
    const socket = createSocket('udp4');
    this.#open.add(socket);
    return new Promise((resolve) => {
      const settle = (answer?: Buffer): void => {
        clearTimeout(timer);
        if (this.#open.delete(socket)) socket.close();
        resolve(answer);
      };
      const timer = setTimeout(settle, timeoutMs);
      socket.on('error', () => settle());
      socket.on('message', (answer) => {
        if (accept(answer)) settle(answer);
      });
      // Connected, the kernel passes on only what that server sends, and says where it refuses.
      socket.connect(port, server, () => socket.send(message));
    });
  }
}
