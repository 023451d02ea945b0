/**
 * TCP for services that the agent offers at simulated interfaces: takes segments as frames that a switch has handed
 * over, and sends frames. It knows connections, not what is said on them. What it keeps is bounded, for each client and
 * in all; clients are ports of this host, so there is no congestion to control. RFC 9293; RFC 5961 for what a stranger
 * may forge. Segments that are ahead of a gap are not kept: the client sends them again.
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

  /** Takes a segment. Throws `DecodeError` if there is none that can be read. */
  take(arrival: Arrival): void {
    const { client, frame, conversation } = arrival;
    const { segment, ends } = segmentIn(frame);
    const name = [client, ...Object.values(ends)].join(' ');
    const known = this.#connections.get(name)?.connection;
    const renewed = known?.renewedBy(segment) ?? false;
    if (renewed) known!.drop('begun anew');
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

  /** Where a client has its share, the oldest of its connections that it has not completed gives way. */
  #takeShare(client: string): boolean {
    if (this.#shares.take(client)) return true;
    for (const held of this.#connections.values()) {
      if (held.client !== client || held.connection.open) continue;
      held.connection.drop('gave way');
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
