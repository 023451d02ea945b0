/** The sending half of a connection: data to be sent, data in flight, and retransmission. RFC 9293, 3.8. */
import { type Tcp, tcpFlag } from '@openvnet/packet';
import { distance, type Outgoing } from './tcp-segments.ts';

const { fin, psh, ack } = tcpFlag;

/** Limit of segments in flight. */
const flight = 16;
const duplicates = 3;

export interface SendingOptions {
  /** The sequence number of the first byte. */
  readonly first: number;
  /** Maximum payload of a segment. */
  readonly segment: number;
  /** The initial window of the client. */
  readonly window: number;
  readonly put: (segment: Outgoing) => void;
}

/** Whether an acknowledgment is new, old or invalid. */
export type Acknowledged = 'more' | 'no more' | 'impossible';

export class TcpSending {
  readonly #segment: number;
  readonly #put: (segment: Outgoing) => void;
  /** The oldest unacknowledged sequence number, and the bytes from there on, some of which are sent. */
  #oldest: number;
  #out = Buffer.alloc(0);
  #sent = 0;
  #end: 'no' | 'wanted' | 'sent' | 'acknowledged' = 'no';
  /** The highest sequence number ever sent, which may be acknowledged even during retransmission. */
  #furthest: number;
  #window: number;
  #repeats = 0;
  /** Data up to here is retransmitted, one segment for each acknowledgment. */
  #recover: number | undefined;
  #probing = false;

  constructor({ first, segment, window, put }: SendingOptions) {
    this.#oldest = first;
    this.#furthest = first;
    this.#segment = segment;
    this.#window = window;
    this.#put = put;
  }

  get end(): 'no' | 'wanted' | 'sent' | 'acknowledged' {
    return this.#end;
  }

  /** Bytes that are not acknowledged. */
  get held(): number {
    return this.#out.length;
  }

  /** Whether data is unacknowledged or waiting to be sent. */
  get outstanding(): boolean {
    return this.#out.length > 0 || this.#end === 'sent';
  }

  /** The sequence number after all that was sent. */
  get following(): number {
    return (this.#oldest + this.#sent + (this.#end === 'sent' ? 1 : 0)) >>> 0;
  }

  append(bytes: Uint8Array): void {
    this.#out = Buffer.concat([this.#out, bytes]);
  }

  /** Marks the end of the data. */
  finish(): void {
    if (this.#end === 'no') this.#end = 'wanted';
  }

  /** Processes the acknowledgment and window of a segment. */
  take({ acknowledgment, window, payload, flags }: Tcp): Acknowledged {
    const more = distance(acknowledgment, this.#oldest);
    if (more > distance(this.#furthest, this.#oldest)) return 'impossible';
    if (more < 0) return 'no more';
    const opened = this.#window === 0 && window > 0;
    const repeated = more === 0 && window === this.#window && payload.length === 0 && (flags & fin) === 0;
    this.#window = window;
    if (more === 0) {
      // The client did not accept the probe of its closed window, so its byte is sent again.
      if (opened && this.#probing) this.#rewind();
      if (repeated && this.outstanding && ++this.#repeats === duplicates) this.again();
      return 'no more';
    }
    this.#acknowledged(acknowledgment, more);
    return 'more';
  }

  /** Sends data within the window of the client. */
  pump(): void {
    const limit = Math.min(this.#window, flight * this.#segment);
    while (this.#sent < this.#out.length && this.#sent < limit) {
      const size = Math.min(this.#segment, this.#out.length - this.#sent, limit - this.#sent);
      this.#send(this.#sent, size);
      this.#sent += size;
    }
    if (this.#end !== 'wanted' || this.#sent < this.#out.length) return;
    this.#put({ flags: fin | ack, sequence: this.following });
    this.#end = 'sent';
    this.#reached(this.following);
  }

  /** Retransmits the oldest unacknowledged segment, then one segment for each acknowledgment, up to the current end. */
  again(): void {
    this.#recover ??= this.#furthest;
    const size = Math.min(this.#segment, this.#out.length, Math.max(this.#window, 1));
    if (size > 0) {
      this.#send(0, size);
      this.#sent = Math.max(this.#sent, size);
    } else if (this.#end === 'sent') this.#put({ flags: fin | ack, sequence: this.#oldest });
  }

  /** Called when an acknowledgment is overdue. */
  overdue(): void {
    this.#probing = this.#window === 0;
    this.again();
  }

  #acknowledged(acknowledgment: number, more: number): void {
    const bytes = Math.min(more, this.#out.length);
    this.#out = this.#out.subarray(bytes);
    this.#oldest = acknowledgment;
    this.#sent = Math.max(0, this.#sent - bytes);
    this.#repeats = 0;
    this.#probing = false;
    if (more > bytes) this.#end = 'acknowledged';
    else if (this.#recover !== undefined) {
      if (distance(this.#recover, this.#oldest) > 0) this.again();
      else this.#recover = undefined;
    }
  }

  /** Sends one segment at an offset from the oldest unacknowledged byte. */
  #send(at: number, size: number): void {
    const payload = this.#out.subarray(at, at + size);
    const last = at + size === this.#out.length;
    this.#put({ flags: last ? ack | psh : ack, sequence: (this.#oldest + at) >>> 0, payload });
    this.#reached((this.#oldest + at + size) >>> 0);
  }

  #rewind(): void {
    this.#sent = 0;
    if (this.#end === 'sent') this.#end = 'wanted';
    this.#probing = false;
    this.#recover = undefined;
  }

  #reached(sequence: number): void {
    if (distance(sequence, this.#furthest) > 0) this.#furthest = sequence;
  }
}
