import type { Socket } from 'node:net';
import { OvsdbError, refused } from './error.ts';
import { Scanner } from './scanner.ts';
import { reasonOf, type Target } from './target.ts';

export interface SessionHandlers {
  readonly opened: () => void;
  readonly notified: (method: string, params: readonly unknown[]) => void;
  /** Called once, after every open call has failed. */
  readonly closed: (reason: string) => void;
}

interface Call {
  readonly method: string;
  readonly done: (result: unknown) => void;
  readonly failed: (error: OvsdbError) => void;
}

/**
 * One connection to a database server: JSON-RPC 1.0, with echo in both directions. After `probeMs` of silence it sends
 * an echo request; after another `probeMs` it closes. A message that cannot be read closes it too. RFC 7047, 4.
 */
export class Session {
  readonly #target: Target;
  readonly #handlers: SessionHandlers;
  readonly #socket: Socket;
  readonly #scanner = new Scanner();
  readonly #calls = new Map<number, Call>();
  readonly #probe: NodeJS.Timeout;
  readonly #probeMs: number;
  #lastId = 0;
  #open = false;
  #closed = false;
  #probed = false;

  constructor(target: Target, handlers: SessionHandlers, probeMs: number) {
    this.#target = target;
    this.#handlers = handlers;
    this.#probeMs = probeMs;
    this.#socket = target.connect();
    this.#probe = setInterval(() => this.#silence(), probeMs);
    this.#socket.on('connect', () => {
      this.#open = true;
      this.#heard();
      this.#guarded(() => handlers.opened());
    });
    this.#socket.on('data', (chunk: Buffer) => this.#data(chunk));
    this.#socket.on('error', (error) => this.close(reasonOf(target, error)));
    this.#socket.on('close', () => this.close(`${target.text}: the server closed the connection`));
  }

  /**
   * Sends a request. Either `done` or `failed` is called once, while the answer is read and before any later message is
   * handled. Returns a function that abandons the call.
   */
  call(method: string, params: readonly unknown[], done: Call['done'], failed: Call['failed']): () => void {
    const id = ++this.#lastId;
    this.#calls.set(id, { method, done, failed });
    this.#send({ method, params, id });
    return () => {
      if (this.#calls.delete(id)) this.#send({ method: 'cancel', params: [id], id: null });
    };
  }

  /** Ends the connection with `reason`; later reasons are ignored. */
  close(reason: string): void {
    if (this.#closed) return;
    this.#closed = true;
    clearInterval(this.#probe);
    this.#socket.destroy();
    for (const { method, failed } of this.#calls.values()) {
      failed(new OvsdbError(`${method} was not answered and may have taken effect: ${reason}`));
    }
    this.#calls.clear();
    this.#handlers.closed(reason);
  }

  #send(message: object): void {
    if (!this.#closed) this.#guarded(() => this.#socket.write(JSON.stringify(message)));
  }

  #heard(): void {
    this.#probed = false;
    this.#probe.refresh();
  }

  #silence(): void {
    const seconds = this.#probeMs / 1000;
    if (!this.#open) this.close(`${this.#target.text}: no connection within ${seconds} s`);
    else if (this.#probed) this.close(`${this.#target.text}: no answer for ${2 * seconds} s`);
    else {
      this.#probed = true;
      this.#send({ method: 'echo', params: [], id: 'probe' });
    }
  }

  #data(chunk: Buffer): void {
    this.#heard();
    this.#guarded(() => {
      for (const message of this.#scanner.push(chunk)) {
        this.#take(message);
        if (this.#closed) return;
      }
    });
  }

  /** Runs a handler of the socket. An exception ends the connection with the reason, because nothing else would catch it. */
  #guarded(work: () => unknown): void {
    try {
      work();
    } catch (error) {
      this.close(`${this.#target.text}: ${(error as Error).message}`);
    }
  }

  #take(message: unknown): void {
    const { method, params, id, result, error } = (message ?? {}) as Record<string, unknown>;
    if (typeof method === 'string') {
      if (!Array.isArray(params)) throw new OvsdbError(`unreadable: ${method} without params`);
      if (method === 'echo') this.#send({ result: params, error: null, id });
      else if (id === null || id === undefined) this.#handlers.notified(method, params);
      else this.#send({ result: null, error: 'unknown method', id });
      return;
    }
    if (id === undefined) throw new OvsdbError('unreadable: a message that is neither request nor answer');
    const call = typeof id === 'number' ? this.#calls.get(id) : undefined;
    if (call === undefined) return;
    this.#calls.delete(id as number);
    if (error === null || error === undefined) call.done(result);
    else call.failed(refused(call.method, error));
  }
}
