import type { Exchange, NoAnswer } from '@openvnet/compiler';
import { Shares } from './shares.ts';
import { askOverTcp } from './tcp-exchange.ts';
import { askOverUdp } from './udp-exchange.ts';

/** Exchanges under way at once. */
const most = { each: 32, all: 512 } as const;
const timeoutMs = 1500;
/** For all of an answer over TCP. */
const tcpTimeoutMs = 3000;
/** Servers that are tried. */
const mostServers = 3;

/** Asks servers from the host's own network on behalf of clients, over TCP where one has more to say. */
export class Exchanges {
  readonly #open = new Set<AbortController>();
  readonly #shares = new Shares(most);
  #closed = false;

  /** Exchanges under way. */
  get size(): number {
    return this.#open.size;
  }

  /** The first answer that is accepted, or why there is none. Never fails. */
  async ask(client: string, exchange: Exchange): Promise<Buffer | NoAnswer> {
    if (this.#closed || !this.#shares.take(client)) return 'too many under way';
    const ending = new AbortController();
    this.#open.add(ending);
    let outcome: Buffer | NoAnswer = 'server unreachable';
    try {
      for (const server of exchange.servers.slice(0, mostServers)) {
        outcome = await this.#try(server, exchange, ending.signal);
        if (typeof outcome !== 'string' || ending.signal.aborted) break;
      }
      return outcome;
    } finally {
      this.#open.delete(ending);
      this.#shares.giveBack(client);
    }
  }

  /** Gives up what is under way, and takes nothing more. */
  close(): void {
    this.#closed = true;
    for (const ending of this.#open) ending.abort();
  }

  async #try(server: string, exchange: Exchange, signal: AbortSignal): Promise<Buffer | NoAnswer> {
    const asked = { server, ...exchange };
    const answer = await askOverUdp(asked, { ms: timeoutMs, signal });
    const more = typeof answer !== 'string' && exchange.hasMore?.(answer);
    return more ? askOverTcp(asked, { ms: tcpTimeoutMs, signal }) : answer;
  }
}
