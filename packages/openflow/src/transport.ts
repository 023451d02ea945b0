/**
 * The transport to one switch: framing, xids, answers to requests, echo. It knows only the messages that keep a
 * connection alive; `connection.ts` has the requests. Bytes passed to `send` belong to the socket from then on.
 */
import type { Socket } from 'node:net';
import { DecodeError } from '@openvnet/wire';
import { ConnectionError } from './errors.ts';
import { Framer } from './framer.ts';
import { decodeMessage, encodeMessage, type Message, type MessageOf, openflow13 } from './messages.ts';
import type { Outgoing } from './outgoing.ts';

/** A pending request. */
export interface Waiting {
  /** Takes a message with the xid of the request. Returns whether it was the last. */
  readonly accept: (bytes: Buffer) => boolean;
  readonly fail: (error: Error) => void;
}

/** A handler of errors that answer the messages with xids from `first` to `last`. */
export interface Watch {
  readonly first: number;
  readonly last: number;
  readonly refused: (xid: number, error: MessageOf<'error'>) => void;
}

export interface TransportOptions {
  /** Receives messages that answer no pending request. */
  readonly receive: (message: Message, xid: number) => void;
  /** Receives the error for a message that cannot be read; the connection continues. */
  readonly unreadable: (error: DecodeError) => void;
  readonly fault: (error: unknown) => void;
  readonly echoIntervalMs: number;
}

const errorCode = 1;
const echoRequest = 2;
const echoReply = 3;
const lastXid = 0xffff_ffff;
const chunkSize = 1 << 16;
const emptyChunk = Buffer.alloc(0);
/** Number of unsent bytes above which echo requests of the peer are not answered. */
const mostUnread = 1 << 20;

export class Transport {
  readonly peer: string;
  /** Fulfilled when the socket is closed, with the reason unless `close` closed it. */
  readonly closed: Promise<ConnectionError | undefined>;
  readonly #socket: Socket;
  readonly #options: TransportOptions;
  readonly #waiting = new Map<number, Waiting>();
  readonly #watches = new Set<Watch>();
  readonly #drains: PromiseWithResolvers<void>[] = [];
  #nextXid = 1;
  #heard = true;
  #probing = false;
  #reason: ConnectionError | undefined;
  #ending = false;
  #over = false;
  #first: ((bytes: Buffer) => void) | undefined;

  constructor(socket: Socket, peer: string, options: TransportOptions) {
    this.#socket = socket;
    this.peer = peer;
    this.#options = options;
    const framer = new Framer((bytes) => this.#receive(bytes));
    socket.on('data', (chunk: Buffer) => {
      try {
        framer.push(chunk);
      } catch (error) {
        this.destroy(`it sent a message that cannot be read: ${(error as Error).message}`, error);
      }
    });
    socket.on('drain', () => this.#settleDrains());
    socket.on('end', () => {
      if (!this.#ending) this.destroy('the peer closed it');
    });
    socket.on('error', (error) => this.destroy(error.message, error));
    const timer = setInterval(() => this.#probe(), options.echoIntervalMs).unref();
    this.closed = new Promise((resolve) => {
      socket.on('close', () => {
        clearInterval(timer);
        this.#end();
        resolve(this.#reason);
      });
    });
  }

  /** The first message of the peer goes to `handler` and nowhere else. */
  set first(handler: (bytes: Buffer) => void) {
    this.#first = handler;
  }

  /** Reserves `length` consecutive xids and returns the first. */
  xids(length: number): number {
    if (this.#nextXid + length - 1 > lastXid) this.#nextXid = 1;
    const first = this.#nextXid;
    this.#nextXid += length;
    return first;
  }

  send(message: Message, xid = this.xids(1)): number {
    const bytes = encodeMessage(message, xid);
    if (!this.#isClosing) this.#put(bytes);
    return xid;
  }

  /** Sends `message` and passes its answers to `waiting`. */
  ask(message: Message, waiting: Waiting): number {
    const xid = this.xids(1);
    if (this.#isClosing) waiting.fail(this.#closedError());
    else {
      this.#waiting.set(xid, waiting);
      this.send(message, xid);
    }
    return xid;
  }

  /** Abandons the request with `xid`. */
  forget(xid: number): void {
    this.#waiting.delete(xid);
  }

  watch(watch: Watch): () => void {
    this.#watches.add(watch);
    return () => this.#watches.delete(watch);
  }

  /** Sends `messages`, several in one write, and waits while the buffer of the socket is full. */
  async sendAll(messages: Iterable<Outgoing>): Promise<void> {
    let chunk = emptyChunk;
    let size = 0;
    for (const message of messages) {
      if (size + message.length > chunk.length) {
        if (size > 0) await this.#write(chunk.subarray(0, size));
        chunk = Buffer.allocUnsafeSlow(Math.max(chunkSize, message.length));
        size = 0;
      }
      message.copy(chunk, size);
      size += message.length;
    }
    if (size > 0) await this.#write(chunk.subarray(0, size));
  }

  /** Ends the connection with the reason `why`. */
  destroy(why: string, cause?: unknown): void {
    this.#reason ??= new ConnectionError(`connection to ${this.peer} closed: ${why}`, { cause });
    this.#socket.destroy();
  }

  /** Sends pending bytes and ends the connection. */
  end(last?: Buffer): void {
    this.#ending = true;
    try {
      if (last === undefined) this.#socket.end();
      else this.#socket.end(last);
      this.#socket.destroySoon();
    } catch (error) {
      this.destroy((error as Error).message, error);
    }
  }

  /** Whether nothing can be sent any more. */
  get #isClosing(): boolean {
    return this.#ending || this.#over;
  }

  async #write(bytes: Buffer): Promise<void> {
    if (this.#isClosing) throw this.#closedError();
    if (this.#put(bytes)) return;
    const drain = Promise.withResolvers<void>();
    this.#drains.push(drain);
    await drain.promise;
  }

  /** Writes bytes to the socket; returns whether it accepts more at once. An error of the socket ends the connection. */
  #put(bytes: Buffer): boolean {
    try {
      return this.#socket.write(bytes);
    } catch (error) {
      this.destroy((error as Error).message, error);
      return true;
    }
  }

  #receive(bytes: Buffer): void {
    this.#heard = true;
    if (this.#first !== undefined) {
      const first = this.#first;
      this.#first = undefined;
      first(bytes);
      return;
    }
    const xid = bytes.readUInt32BE(4);
    const waiting = this.#waiting.get(xid);
    try {
      if (bytes[0] !== openflow13) throw new DecodeError(`version ${bytes[0]}, not ${openflow13}`, 0);
      if (bytes[1] === echoRequest) this.#answerEcho(bytes);
      else if (waiting !== undefined) this.#answer(waiting, bytes, xid);
      else if (bytes[1] === errorCode) this.#refuse(bytes, xid);
      else if (bytes[1] !== echoReply) this.#options.receive(decodeMessage(bytes).message, xid);
    } catch (error) {
      if (waiting !== undefined) {
        this.forget(xid);
        waiting.fail(error as Error);
      } else if (error instanceof DecodeError) this.#options.unreadable(error);
      else this.#options.fault(error);
    }
  }

  #answer(waiting: Waiting, bytes: Buffer, xid: number): void {
    if (waiting.accept(bytes)) this.forget(xid);
  }

  #refuse(bytes: Buffer, xid: number): void {
    const { message } = decodeMessage(bytes);
    for (const watch of this.#watches) {
      if (message.type !== 'error' || xid < watch.first || xid > watch.last) continue;
      watch.refused(xid, message);
      return;
    }
    this.#options.receive(message, xid);
  }

  #answerEcho(bytes: Buffer): void {
    // The answers to a peer that asks but does not read would pile up.
    if (this.#isClosing || this.#socket.writableLength > mostUnread) return;
    const reply = Buffer.from(bytes);
    reply[1] = echoReply;
    this.#put(reply);
  }

  /** Sends an echo request to a silent peer; ends the connection if the peer stays silent. */
  #probe(): void {
    if (this.#heard) this.#probing = false;
    else if (this.#probing) this.destroy(`no answer to an echo request for ${this.#options.echoIntervalMs} ms`);
    else {
      this.#probing = true;
      this.send({ type: 'echo_request', data: new Uint8Array(0) });
    }
    this.#heard = false;
  }

  #end(): void {
    this.#over = true;
    const error = this.#closedError();
    for (const { fail } of this.#waiting.values()) fail(error);
    this.#waiting.clear();
    for (const { reject } of this.#drains.splice(0)) reject(error);
  }

  #settleDrains(): void {
    for (const { resolve } of this.#drains.splice(0)) resolve();
  }

  #closedError(): ConnectionError {
    return this.#reason ?? new ConnectionError(`connection to ${this.peer} is closed`);
  }
}
