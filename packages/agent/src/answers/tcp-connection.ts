/** One TCP connection of `TcpService`: handshake, close, timers, and received data. RFC 9293. */
import { randomBytes } from 'node:crypto';
import type { Conversation } from '@openvnet/compiler';
import { maximumSegmentOption, type Tcp, tcpFlag } from '@openvnet/packet';
import { DecodeError } from '@openvnet/wire';
import { begins, distance, type Ends, framed, type Outgoing, refusal, segmentSize, sizeFor } from './tcp-segments.ts';
import { TcpSending } from './tcp-sending.ts';

const { fin, syn, rst, ack } = tcpFlag;

/** Limits: bytes received, bytes to be sent, and messages that are being answered. */
const most = { received: 4096, unsent: 0x1_0000, pending: 8 } as const;

/** Milliseconds. The retransmission timeout doubles each time. */
export interface TcpTimes {
  readonly retransmit: number;
  /** Idle time after which the connection is closed; after the same time again it is dropped. */
  readonly idle: number;
  readonly life: number;
}

/** A frame with a segment, its client, and how to send frames back. */
export interface Arrival {
  /** Connections of one client share its limits. */
  readonly client: string;
  readonly frame: Uint8Array;
  readonly send: (frame: Uint8Array) => void;
  readonly conversation: Conversation;
}

export interface Opening {
  readonly ends: Ends;
  readonly first: Tcp;
  readonly arrival: Arrival;
  readonly times: TcpTimes;
  readonly forget: () => void;
}

/** Exists from the first segment on. Segments that a client sends after the connection has ended are answered with a reset. */
export class TcpConnection {
  readonly #ends: Ends;
  readonly #times: TcpTimes;
  readonly #forget: () => void;
  readonly #sending: TcpSending;
  readonly #began = performance.now();
  /** The initial sequence number. */
  readonly #greeting: number;
  #arrival: Arrival;
  #open = false;
  #gone = false;
  #timer: NodeJS.Timeout | undefined;
  #tries = 0;
  /** When the client last sent new data or a new acknowledgment. */
  #fresh = performance.now();

  /** The next sequence number of the client, and received bytes that are not processed yet. */
  #next: number;
  #in = Buffer.alloc(0);
  #clientEnded = false;
  #pending = 0;
  #owesAck = false;

  constructor({ ends, first, arrival, times, forget }: Opening) {
    this.#ends = ends;
    this.#arrival = arrival;
    this.#times = times;
    this.#forget = forget;
    this.#next = (first.sequence + 1) >>> 0;
    // Random, so that somebody who cannot see the answers cannot guess a valid acknowledgment.
    this.#greeting = randomBytes(4).readUInt32BE();
    const put = (segment: Outgoing): void => this.#put(segment);
    this.#sending = new TcpSending({ first: this.#firstByte, segment: sizeFor(first), window: first.window, put });
  }

  /** Whether the client has completed the handshake. */
  get open(): boolean {
    return this.#open;
  }

  /** Answers the first segment. */
  begin(): void {
    this.#greet();
    this.#wait();
  }

  take(segment: Tcp, arrival: Arrival): void {
    this.#arrival = arrival;
    const { flags, sequence, acknowledgment } = segment;
    const ahead = distance(sequence, this.#next);
    if (flags & rst) {
      if (ahead === 0) this.drop('reset by the client');
      else if (ahead > 0 && ahead < this.#space()) this.#acknowledge();
      return;
    }
    if (flags & syn) {
      // A client that has lost this connection answers with a reset.
      if (this.#open) this.#acknowledge();
      else if (begins(segment)) this.#greet();
      return;
    }
    if ((flags & ack) === 0) return;
    if (!this.#open) {
      if (acknowledgment !== this.#firstByte) {
        arrival.send(refusal(segment, this.#ends)!);
        return;
      }
      this.#open = true;
      this.#progress();
    }
    const span = segment.payload.length + (flags & fin ? 1 : 0);
    if (ahead > this.#space() || ahead + span < 0 || (span > 0 && ahead + span === 0)) {
      // A repeated segment means that its answer was lost.
      if (ahead < 0 && this.#outstanding()) this.#again();
      else this.#acknowledge();
      return;
    }
    const acknowledged = this.#sending.take(segment);
    if (acknowledged === 'impossible') {
      this.#acknowledge();
      return;
    }
    if (acknowledged === 'more') this.#progress();
    this.#received(segment, ahead);
    this.#work();
    this.#pump();
    if (this.#owesAck) this.#acknowledge();
    if (this.#clientEnded && this.#sending.end === 'acknowledged') this.drop('closed');
    this.#wait();
  }

  /** Whether this segment starts another connection, so that the client has abandoned the half-open one. */
  renewedBy(segment: Tcp): boolean {
    return !this.#open && begins(segment) && distance(segment.sequence, this.#next) !== -1;
  }

  /** Resets the connection. */
  reset(): void {
    this.#put({ flags: rst | ack, sequence: this.#following() });
    this.drop('reset');
  }

  drop(why?: string): void {
    if (this.#gone) return;
    this.#gone = true;
    clearTimeout(this.#timer);
    this.#forget();
    if (why !== undefined) this.#arrival.conversation.count(why);
  }

  /** Stores new data, as far as there is room. */
  #received({ payload, flags }: Tcp, ahead: number): void {
    if (payload.length === 0 && (flags & fin) === 0) {
      if (ahead !== 0) this.#owesAck = true;
      return;
    }
    this.#owesAck = true;
    // After FIN, a client sends no more data.
    if (ahead > 0 || this.#clientEnded) return;
    const fresh = payload.subarray(-ahead);
    const taken = fresh.subarray(0, this.#space());
    if (taken.length > 0) {
      this.#in = Buffer.concat([this.#in, taken]);
      this.#next = (this.#next + taken.length) >>> 0;
      this.#progress();
    }
    if (flags & fin && taken.length === fresh.length) {
      this.#next = (this.#next + 1) >>> 0;
      this.#clientEnded = true;
      this.#progress();
    }
  }

  /** Answers complete messages while there is room for answers. */
  #work(): void {
    const { sizeOf, count } = this.#arrival.conversation;
    const sending = this.#sending;
    while (!this.#gone && sending.end === 'no' && this.#pending < most.pending && sending.held < most.unsent) {
      const size = sizeOf(this.#in);
      if (size !== undefined && size > most.received) {
        count('too long');
        this.reset();
        return;
      }
      if (size === undefined || size > this.#in.length) {
        if (this.#clientEnded && this.#pending === 0) sending.finish();
        return;
      }
      const message = Buffer.from(this.#in.subarray(0, size));
      this.#in = Buffer.from(this.#in.subarray(size));
      this.#owesAck = true;
      this.#ask(message);
    }
  }

  #ask(message: Buffer): void {
    try {
      const answer = this.#arrival.conversation.reply(message);
      if (answer === undefined) return;
      if (!(answer instanceof Promise)) {
        this.#sending.append(answer);
        return;
      }
      this.#pending++;
      const answered = (made: Uint8Array | undefined): void => {
        this.#pending--;
        if (this.#gone) return;
        if (made) this.#sending.append(made);
        this.#progress();
        this.#work();
        this.#pump();
        this.#wait();
      };
      answer.then(answered).catch((error: unknown) => this.#failed(error));
    } catch (error) {
      this.#failed(error);
    }
  }

  /** A failure ends only its own connection. */
  #failed(error: unknown): void {
    this.#arrival.conversation.count(error instanceof DecodeError ? 'malformed' : 'failed');
    if (this.#gone) return;
    try {
      this.reset();
    } catch {
      this.drop();
    }
  }

  #pump(): void {
    if (!this.#gone && this.#open) this.#sending.pump();
  }

  #again(): void {
    if (this.#open) this.#sending.again();
    else this.#greet();
  }

  #outstanding(): boolean {
    return !this.#open || this.#sending.outstanding;
  }

  get #firstByte(): number {
    return (this.#greeting + 1) >>> 0;
  }

  #following(): number {
    return this.#open ? this.#sending.following : this.#firstByte;
  }

  #progress(): void {
    this.#fresh = performance.now();
    this.#tries = 0;
  }

  /** Starts the timer for retransmission and idle time. */
  #wait(): void {
    if (this.#gone) return;
    clearTimeout(this.#timer);
    const { retransmit, idle, life } = this.#times;
    const now = performance.now();
    const quiet = this.#pending > 0 ? idle : this.#fresh + idle - now;
    const again = this.#outstanding() ? retransmit * 2 ** this.#tries : idle;
    const ms = Math.max(0, Math.min(quiet, again, this.#began + life - now));
    this.#timer = setTimeout(() => {
      try {
        this.#overdue();
      } catch (error) {
        this.#failed(error);
      }
    }, ms);
    // The timer must not keep the process alive.
    this.#timer.unref();
  }

  #overdue(): void {
    const now = performance.now();
    const { idle, life } = this.#times;
    const quiet = this.#pending === 0 && now - this.#fresh >= idle;
    if (now - this.#began >= life) {
      this.reset();
      return;
    }
    if (quiet) {
      // An idle client receives FIN; one that does not acknowledge it is dropped.
      if (this.#outstanding() || this.#sending.end !== 'no') {
        this.reset();
        return;
      }
      this.#sending.finish();
      this.#progress();
      this.#pump();
    } else if (this.#outstanding()) {
      this.#tries++;
      if (this.#open) this.#sending.overdue();
      else this.#greet();
    }
    this.#wait();
  }

  /** The receive window, in bytes. */
  #space(): number {
    return most.received - this.#in.length;
  }

  /** The answer to the first segment. */
  #greet(): void {
    const options = maximumSegmentOption(segmentSize.own);
    this.#put({ flags: syn | ack, sequence: this.#greeting, options });
  }

  #acknowledge(): void {
    if (!this.#gone) this.#put({ flags: ack, sequence: this.#following() });
  }

  #put(segment: Outgoing): void {
    this.#owesAck = false;
    const window = this.#space();
    this.#arrival.send(framed({ acknowledgment: this.#next, window, ...segment }, this.#ends));
  }
}
