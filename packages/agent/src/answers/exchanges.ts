import type { Exchange, NoAnswer } from '@openvnet/compiler';
import { Shares } from './shares.ts';
import { askOverTcp } from './tcp-exchange.ts';
import { askOverUdp } from './udp-exchange.ts';

/** Limit of concurrent exchanges. */
const most = { each: 32, all: 512 } as const;
const timeoutMs = 1500;
/** Time limit of a complete answer over TCP. */
const tcpTimeoutMs = 3000;
/** Number of servers that are tried. */
const mostServers = 3;

/** Queries servers from the host's own network on behalf of clients; over TCP if the UDP answer is truncated. */
export class Exchanges {
  readonly #open = new Set<AbortController>();
  readonly #shares = new Shares(most);
  #closed = false;

  /** Number of exchanges in progress. */
  get size(): number {
    return this.#open.size;
  }

  /** The first accepted answer, or the reason why there is none. Never rejects. */
  async ask(client: string, exchange: Exchange): Promise<Buffer | NoAnswer> {
    if (this.#closed || !this.#shares.take(client)) return 'too many queries in progress';
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

  /** Aborts exchanges in progress and refuses new ones. */
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
