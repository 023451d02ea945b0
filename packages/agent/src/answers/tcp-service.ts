/**
 * TCP for services that the agent offers at simulated interfaces: takes segments as frames that a switch has handed
 * over, and sends frames. It knows connections, not what is said on them. What it keeps is bounded, for each client and
 * in all; clients are ports of this host, so there is no congestion to control. RFC 9293; RFC 5961 for what a stranger
 * may forge. Segments that are ahead of a gap are not kept: the client sends them again.
 */
import { randomBytes } from 'node:crypto';
import type { Conversation } from '@openvnet/compiler';
import {
  decodeEthernet,
  decodeIpv4,
  decodeTcp,
  encodeEthernet,
  encodeIpv4,
  encodeTcp,
  etherType,
  ipProtocol,
  maximumSegmentOf,
  maximumSegmentOption,
  type Tcp,
  tcpFlag,
} from '@openvnet/packet';
import { DecodeError } from '@openvnet/wire';

const { fin, syn, rst, psh, ack } = tcpFlag;

/** What is kept at most: connections of one client and of all; of a connection, bytes, and messages being answered. */
const most = { each: 16, all: 512, received: 4096, unsent: 0x1_0000, pending: 8 } as const;
/** Payload of a segment: what this side takes, what it assumes where the client says nothing, the least it believes. */
const segmentSize = { own: 1460, usual: 536, least: 88 } as const;
/** Segments that may be under way to the client. */
const flight = 16;
const duplicates = 3;

/** Milliseconds. Each wait for an acknowledgment is twice the one before. */
export interface TcpTimes {
  readonly retransmit: number;
  /** Without anything new from the client; then the connection is closed, and after as much again, forgotten. */
  readonly idle: number;
  readonly life: number;
}

const usualTimes: TcpTimes = { retransmit: 300, idle: 5000, life: 120_000 };

/** A frame with a segment, whose it is, and how frames get back there. */
export interface Arrival {
  /** Those of one client count together. */
  readonly client: string;
  readonly frame: Uint8Array;
  readonly send: (frame: Uint8Array) => void;
  readonly conversation: Conversation;
}

/** The ends of a connection; `own` are this side's. */
interface Ends {
  readonly mac: number;
  readonly ownMac: number;
  readonly ip: number;
  readonly ownIp: number;
  readonly port: number;
  readonly ownPort: number;
}

type Outgoing = Pick<Tcp, 'flags' | 'sequence'> & Partial<Tcp>;

export class TcpService {
  readonly #connections = new Map<string, Connection>();
  readonly #held = new Map<string, number>();
  readonly #times: TcpTimes;

  constructor(times: TcpTimes = usualTimes) {
    this.#times = times;
  }

  /** Connections. */
  get size(): number {
    return this.#connections.size;
  }

  /** Takes a segment. Throws `DecodeError` where there is none that can be read. */
  take(arrival: Arrival): void {
    const { client, frame, conversation } = arrival;
    const { src: mac, dst: ownMac, payload } = decodeEthernet(frame);
    const packet = decodeIpv4(payload);
    if (packet.more_fragments || packet.fragment_offset > 0) throw new DecodeError('a fragment of a segment', 6);
    const segment = decodeTcp(packet.payload, packet);
    const { src_port: port, dst_port: ownPort } = segment;
    const ends = { mac, ownMac, ip: packet.src, ownIp: packet.dst, port, ownPort };
    const name = [client, ...Object.values(ends)].join(' ');
    let connection = this.#connections.get(name);
    if (connection?.renewedBy(segment)) {
      connection.drop('begun anew');
      connection = undefined;
    }
    if (connection) connection.take(segment, arrival);
    else if (!begins(segment)) refuse(segment, ends, arrival);
    else if ((this.#held.get(client) ?? 0) >= most.each || this.size >= most.all) {
      conversation.count('too many connections');
      refuse(segment, ends, arrival);
    } else this.#open(name, segment, ends, arrival);
  }

  close(): void {
    for (const connection of [...this.#connections.values()]) connection.drop();
  }

  #open(name: string, segment: Tcp, ends: Ends, arrival: Arrival): void {
    const { client, conversation } = arrival;
    const forget = (): void => {
      this.#connections.delete(name);
      const left = this.#held.get(client)! - 1;
      if (left > 0) this.#held.set(client, left);
      else this.#held.delete(client);
    };
    conversation.count('connected');
    this.#held.set(client, (this.#held.get(client) ?? 0) + 1);
    this.#connections.set(name, new Connection({ ends, first: segment, arrival, times: this.#times, forget }));
  }
}

interface Opening {
  readonly ends: Ends;
  readonly first: Tcp;
  readonly arrival: Arrival;
  readonly times: TcpTimes;
  readonly forget: () => void;
}

/** One connection, from the first segment on. What a client sends after its end of it meets a reset. */
class Connection {
  readonly #ends: Ends;
  readonly #times: TcpTimes;
  readonly #forget: () => void;
  readonly #segment: number;
  readonly #began = performance.now();
  #arrival: Arrival;
  #open = false;
  #gone = false;
  #timer: NodeJS.Timeout | undefined;
  #tries = 0;
  /** When the client last brought something new. */
  #fresh = performance.now();

  /** The oldest sequence number that is not acknowledged; what is sent from there on: bytes, and whether the end. */
  #oldest: number;
  #out = Buffer.alloc(0);
  #sent = 0;
  #end: 'no' | 'wanted' | 'sent' | 'acknowledged' = 'no';
  /** The furthest that was ever sent, which may be acknowledged though it is to be sent again. */
  #furthest: number;
  #window: number;
  #repeats = 0;
  /** Up to here is sent again, a segment for each acknowledgment. */
  #recover: number | undefined;
  #probing = false;

  /** The next sequence number of the client, and what came before it and is not worked on yet. */
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
    this.#segment = sizeFor(first);
    this.#window = first.window;
    this.#next = (first.sequence + 1) >>> 0;
    // Who cannot read the answers cannot guess what acknowledges them.
    this.#oldest = randomBytes(4).readUInt32BE();
    this.#furthest = (this.#oldest + 1) >>> 0;
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
      // A client that has lost its end of this connection resets it when it hears of it.
      if (this.#open) this.#acknowledge();
      else if (begins(segment)) this.#greet();
      return;
    }
    if ((flags & ack) === 0) return;
    if (!this.#open) {
      if (acknowledgment !== this.#furthest) {
        refuse(segment, this.#ends, arrival);
        return;
      }
      this.#open = true;
      this.#oldest = acknowledgment;
      this.#progress();
    }
    const span = segment.payload.length + (flags & fin ? 1 : 0);
    if (ahead > this.#space() || ahead + span < 0 || (span > 0 && ahead + span === 0)) {
      this.#old(ahead);
      return;
    }
    if (!this.#acknowledged(segment)) return;
    this.#received(segment, ahead);
    this.#work();
    this.#pump();
    if (this.#owesAck) this.#acknowledge();
    if (this.#clientEnded && this.#end === 'acknowledged') this.drop('closed');
    this.#settle();
  }

  /** Whether the client begins another connection with this, and has given up the one that was about to be made. */
  renewedBy(segment: Tcp): boolean {
    return !this.#open && begins(segment) && distance(segment.sequence, this.#next) !== -1;
  }

  /** Ends it for both sides at once. */
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

  /** What came before, or lies beyond what may come. That it comes again says that an answer to it was lost. */
  #old(ahead: number): void {
    if (ahead < 0 && this.#outstanding() > 0) this.#again();
    else this.#acknowledge();
  }

  /** Takes in what the client has; false where the segment cannot be right. */
  #acknowledged({ acknowledgment, window, payload, flags }: Tcp): boolean {
    const more = distance(acknowledgment, this.#oldest);
    if (more > distance(this.#furthest, this.#oldest)) {
      this.#acknowledge();
      return false;
    }
    if (more < 0) return true;
    const opened = this.#window === 0 && window > 0;
    const repeated = more === 0 && window === this.#window && payload.length === 0 && (flags & fin) === 0;
    this.#window = window;
    if (more === 0) {
      // What probed a closed window was not taken; it is the beginning of what is sent now.
      if (opened && this.#probing) this.#rewind();
      if (repeated && this.#outstanding() > 0 && ++this.#repeats === duplicates) this.#again();
      return true;
    }
    const bytes = Math.min(more, this.#out.length);
    const all = more > bytes;
    this.#out = this.#out.subarray(bytes);
    this.#oldest = acknowledgment;
    this.#sent = Math.max(0, this.#sent - bytes);
    this.#repeats = 0;
    this.#probing = false;
    this.#progress();
    if (all) {
      this.#end = 'acknowledged';
      return true;
    }
    if (this.#recover !== undefined) {
      if (distance(this.#recover, this.#oldest) > 0) this.#again();
      else this.#recover = undefined;
    }
    return true;
  }

  /** Keeps what is new, as far as there is room. */
  #received({ payload, flags }: Tcp, ahead: number): void {
    if (payload.length === 0 && (flags & fin) === 0) {
      if (ahead !== 0) this.#owesAck = true;
      return;
    }
    this.#owesAck = true;
    // After its end a client has nothing more to say.
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

  /** Has whole messages answered, while there is room for answers. */
  #work(): void {
    while (!this.#gone && this.#end === 'no' && this.#pending < most.pending && this.#out.length < most.unsent) {
      const { sizeOf } = this.#arrival.conversation;
      const size = sizeOf(this.#in);
      if (size !== undefined && size > most.received) {
        this.#arrival.conversation.count('too long');
        this.reset();
        return;
      }
      if (size === undefined || size > this.#in.length) break;
      const message = Buffer.from(this.#in.subarray(0, size));
      this.#in = Buffer.from(this.#in.subarray(size));
      this.#owesAck = true;
      this.#ask(message);
    }
    if (this.#clientEnded && this.#pending === 0 && this.#end === 'no' && !this.#holdsWhole()) this.#end = 'wanted';
  }

  #holdsWhole(): boolean {
    const size = this.#arrival.conversation.sizeOf(this.#in);
    return size !== undefined && size <= this.#in.length;
  }

  #ask(message: Buffer): void {
    const { reply, count } = this.#arrival.conversation;
    const failed = (error: unknown): void => {
      count(error instanceof DecodeError ? 'malformed' : 'failed');
      if (!this.#gone) this.reset();
    };
    try {
      const answer = reply(message);
      if (answer === undefined) return;
      if (!(answer instanceof Promise)) {
        this.#out = Buffer.concat([this.#out, answer]);
        return;
      }
      this.#pending++;
      const answered = (made: Uint8Array | undefined): void => {
        this.#pending--;
        if (this.#gone) return;
        if (made) this.#out = Buffer.concat([this.#out, made]);
        this.#progress();
        this.#work();
        this.#pump();
        this.#settle();
      };
      answer.then(answered).catch(failed);
    } catch (error) {
      failed(error);
    }
  }

  /** Sends what the client takes. */
  #pump(): void {
    if (this.#gone || !this.#open) return;
    const limit = Math.min(this.#window, flight * this.#segment);
    while (this.#sent < this.#out.length && this.#sent < limit) {
      const size = Math.min(this.#segment, this.#out.length - this.#sent, limit - this.#sent);
      this.#send(this.#sent, size);
      this.#sent += size;
    }
    if (this.#end !== 'wanted' || this.#sent < this.#out.length) return;
    this.#put({ flags: fin | ack, sequence: this.#following() });
    this.#end = 'sent';
    this.#reached(this.#following());
  }

  /** Sends a part of what is to be sent, counted from the oldest that is not acknowledged. */
  #send(at: number, size: number): void {
    const payload = this.#out.subarray(at, at + size);
    const last = at + size === this.#out.length;
    this.#put({ flags: last ? ack | psh : ack, sequence: (this.#oldest + at) >>> 0, payload });
    this.#reached((this.#oldest + at + size) >>> 0);
  }

  /** Sends the oldest again that is not acknowledged, and with each acknowledgment what comes next, up to here. */
  #again(): void {
    if (!this.#open) {
      this.#greet();
      return;
    }
    this.#recover ??= this.#furthest;
    const size = Math.min(this.#segment, this.#out.length, Math.max(this.#window, 1));
    if (size > 0) {
      this.#send(0, size);
      this.#sent = Math.max(this.#sent, size);
    } else if (this.#end === 'sent') this.#put({ flags: fin | ack, sequence: this.#oldest });
  }

  #rewind(): void {
    this.#sent = 0;
    if (this.#end === 'sent') this.#end = 'wanted';
    this.#probing = false;
    this.#recover = undefined;
  }

  /** What is sent and not acknowledged, or waits to be sent. */
  #outstanding(): number {
    return this.#open ? this.#out.length + (this.#end === 'sent' ? 1 : 0) : 1;
  }

  #following(): number {
    if (!this.#open) return this.#furthest;
    return (this.#oldest + this.#sent + (this.#end === 'sent' ? 1 : 0)) >>> 0;
  }

  #reached(sequence: number): void {
    if (distance(sequence, this.#furthest) > 0) this.#furthest = sequence;
  }

  #progress(): void {
    this.#fresh = performance.now();
    this.#tries = 0;
  }

  #settle(): void {
    if (!this.#gone) this.#wait();
  }

  /** Until an acknowledgment is overdue, or the client has been quiet for too long. */
  #wait(): void {
    clearTimeout(this.#timer);
    const { retransmit, idle, life } = this.#times;
    const now = performance.now();
    const quiet = this.#pending > 0 ? idle : this.#fresh + idle - now;
    const again = this.#outstanding() > 0 ? retransmit * 2 ** this.#tries : idle;
    const ms = Math.max(0, Math.min(quiet, again, this.#began + life - now));
    this.#timer = setTimeout(() => this.#overdue(), ms);
    // What is left of a connection keeps no process alive.
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
      // A client that says nothing is told of the end; one that does not even hear that is forgotten.
      if (!this.#open || this.#end !== 'no' || this.#outstanding() > 0) {
        this.reset();
        return;
      }
      this.#end = 'wanted';
      this.#progress();
      this.#pump();
    } else if (this.#outstanding() > 0) {
      this.#tries++;
      this.#probing = this.#open && this.#window === 0;
      this.#again();
    }
    this.#wait();
  }

  /** How many bytes the client may send. */
  #space(): number {
    return most.received - this.#in.length;
  }

  /** The answer to the first segment. */
  #greet(): void {
    const options = maximumSegmentOption(segmentSize.own);
    this.#put({ flags: syn | ack, sequence: (this.#furthest - 1) >>> 0, options });
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

/** Whether a client begins a connection with this segment. */
function begins({ flags }: Tcp): boolean {
  return (flags & (syn | ack | rst | fin)) === syn;
}

/** How far a sequence number lies after another; they go round. */
function distance(one: number, other: number): number {
  return (one - other) | 0;
}

function sizeFor({ options }: Tcp): number {
  const size = maximumSegmentOf(options) ?? segmentSize.usual;
  return Math.min(Math.max(size, segmentSize.least), segmentSize.own);
}

/** Tells a client that there is no such connection. RFC 9293, 3.10.7.1. */
function refuse({ flags, sequence, acknowledgment, payload }: Tcp, ends: Ends, { send }: Arrival): void {
  if (flags & rst) return;
  if (flags & ack) {
    send(framed({ flags: rst, sequence: acknowledgment, acknowledgment: 0, window: 0 }, ends));
    return;
  }
  const span = payload.length + (flags & syn ? 1 : 0) + (flags & fin ? 1 : 0);
  const next = (sequence + span) >>> 0;
  send(framed({ flags: rst | ack, sequence: 0, acknowledgment: next, window: 0 }, ends));
}

function framed(segment: Outgoing & Pick<Tcp, 'acknowledgment' | 'window'>, ends: Ends): Buffer {
  const between = { src: ends.ownIp, dst: ends.ip };
  const payload = encodeTcp({ src_port: ends.ownPort, dst_port: ends.port, ...segment }, between);
  const packet = encodeIpv4({ ...between, protocol: ipProtocol.tcp, dont_fragment: true, payload });
  return encodeEthernet({ dst: ends.mac, src: ends.ownMac, type: etherType.ipv4, payload: packet });
}
