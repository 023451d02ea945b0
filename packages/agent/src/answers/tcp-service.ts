/**
 * TCP for services that the agent offers at simulated interfaces: receives segments as punted frames, and sends frames. It
 * handles connections, not their contents. Its memory is bounded for each client and in total. Clients are ports of this
 * host, so there is no congestion control. RFC 9293; RFC 5961 for forged segments. Segments after a gap are not stored;
 * the client retransmits them.
 */
import type { Tcp } from '@openvnet/packet';
import { Shares } from './shares.ts';
import { type Arrival, TcpConnection, type TcpTimes } from './tcp-connection.ts';
import { begins, type Ends, refusal, segmentIn } from './tcp-segments.ts';

/** Connections that are kept. */
const most = { each: 16, all: 512 } as const;

const usualTimes: TcpTimes = { retransmit: 300, idle: 5000, life: 120_000 };

interface Held {
  readonly client: string;
  readonly connection: TcpConnection;
}

export class TcpService {
  /** The oldest first. */
  readonly #connections = new Map<string, Held>();
  readonly #shares = new Shares(most);
  readonly #times: TcpTimes;

  constructor(times: TcpTimes = usualTimes) {
    this.#times = times;
  }

  /** Connections. */
  get size(): number {
    return this.#connections.size;
  }

  /** Processes a segment. Throws `DecodeError` if the frame has no valid segment. */
  take(arrival: Arrival): void {
    const { client, frame, conversation } = arrival;
    const { segment, ends } = segmentIn(frame);
    const name = [client, ...Object.values(ends)].join(' ');
    const known = this.#connections.get(name)?.connection;
    const renewed = known?.renewedBy(segment) ?? false;
    if (renewed) known!.drop('restarted by the client');
    if (known && !renewed) known.take(segment, arrival);
    else if (!begins(segment)) refuse(segment, ends, arrival);
    else if (this.#takeShare(client)) this.#open(name, segment, ends, arrival);
    else {
      conversation.count('too many connections');
      refuse(segment, ends, arrival);
    }
  }

  close(): void {
    for (const { connection } of [...this.#connections.values()]) connection.drop();
  }

  /** If a client has used its share, its oldest half-open connection is replaced. */
  #takeShare(client: string): boolean {
    if (this.#shares.take(client)) return true;
    for (const held of this.#connections.values()) {
      if (held.client !== client || held.connection.open) continue;
      held.connection.drop('replaced by a new connection');
      return this.#shares.take(client);
    }
    return false;
  }

  #open(name: string, first: Tcp, ends: Ends, arrival: Arrival): void {
    const { client, conversation } = arrival;
    const forget = (): void => {
      this.#connections.delete(name);
      this.#shares.giveBack(client);
    };
    conversation.count('connected');
    const connection = new TcpConnection({ ends, first, arrival, times: this.#times, forget });
    this.#connections.set(name, { client, connection });
    connection.begin();
  }
}

function refuse(segment: Tcp, ends: Ends, { send }: Arrival): void {
  const frame = refusal(segment, ends);
  if (frame) send(frame);
}
