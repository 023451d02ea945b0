/**
 * A connection to one switch: requests and answers, bundles, flow dumps, and unsolicited messages of the switch.
 * It neither stores flows nor redials; `dial.ts` and `listen.ts` create it.
 */
import { type DecodeError, Reader } from '@openvnet/wire';
import { type BundleOptions, sendBundle } from './bundle.ts';
import { errorReason, SwitchError } from './errors.ts';
import { type EncodedFlow, type FlowCounters, readFlowStats } from './flow.ts';
import type { FlowUpdate } from './flow-monitor.ts';
import { Listeners } from './listeners.ts';
import { decodeMessage, headerSize, type Message, type MessageOf, typeOfBeginning } from './messages.ts';
import type { MeterConfig, MultipartReply, MultipartRequest, PortDescription } from './multipart.ts';
import type { Outgoing } from './outgoing.ts';
import { type PacketIn, packetInOf } from './packet-in.ts';
import type { Transport } from './transport.ts';

/** The events of a connection. */
export type ConnectionEvents = {
  readonly packetIn: PacketIn;
  readonly portStatus: MessageOf<'port_status'>;
  readonly flowRemoved: MessageOf<'flow_removed'>;
  /** Updates of the flow monitor. */
  readonly flowUpdates: readonly FlowUpdate[];
  /** The switch had paused its flow updates and has resumed them. */
  readonly flowMonitorResumed: undefined;
  /** An unexpected error message, a message that cannot be read, or an exception of a handler. */
  readonly error: Error;
  /** The reason, unless `close` closed the connection. */
  readonly close: Error | undefined;
};

export interface ConnectionOptions {
  /** Silence in milliseconds after which an echo request is sent; after the same time again the connection ends. Default 5000. */
  readonly echoIntervalMs?: number;
  /** Receives exceptions of handlers if there is no listener for `error`. */
  readonly onFault?: (error: unknown) => void;
}

/** An installed flow with its counters. */
export type InstalledFlow = EncodedFlow & FlowCounters;

/** Selects flows by conditions, all of which must hold. A missing one matches any flow. */
export interface FlowFilter {
  readonly table?: number;
  readonly cookie?: bigint;
  /** The bits of the cookie that are compared; default all. */
  readonly cookie_mask?: bigint;
}

export type Features = Omit<MessageOf<'features_reply'>, 'type'>;

const wholeCookie = 0xffff_ffff_ffff_ffffn;
const multipartHead = headerSize + 8;
const multipartReplyCode = 19;
const flowStatsCode = 1;
const flowMonitorId = 1;
/** Time limit for an answer, or for the next part of one, in milliseconds. */
const answerMs = 30_000;

export class SwitchConnection implements AsyncDisposable {
  readonly features: Features;
  /** `unix:/run/openvswitch/br-int.mgmt` or `tcp:127.0.0.1:40000`. */
  readonly peer: string;
  /** Fulfilled when the connection has ended, for any reason. */
  readonly closed: Promise<void>;
  readonly #transport: Transport;
  readonly #listeners: Listeners<ConnectionEvents>;
  #monitoring: Promise<void> | undefined;

  /** Created by `dial` and `listen` after the features reply of the switch. */
  constructor(transport: Transport, listeners: Listeners<ConnectionEvents>, features: Features) {
    this.#transport = transport;
    this.#listeners = listeners;
    this.features = features;
    this.peer = transport.peer;
    this.closed = transport.closed.then((reason) => this.#listeners.emit('close', reason));
  }

  get dpid(): bigint {
    return this.features.datapath_id;
  }

  /** Calls `handler` at every `event`, until the returned function is called. */
  on<E extends keyof ConnectionEvents>(event: E, handler: (value: ConnectionEvents[E]) => unknown): () => void {
    return this.#listeners.on(event, handler);
  }

  /** Sends a message and returns its xid; an error in answer to it is emitted as `error`. */
  send(message: Message): number {
    return this.#transport.send(message);
  }

  /**
   * Sends complete messages in bulk and waits while the buffer of the socket is full. Their xids are overwritten with
   * consecutive new ones; returns the first.
   */
  async sendBytes(messages: readonly Buffer[]): Promise<number> {
    const first = this.#transport.xids(messages.length);
    messages.forEach((bytes, index) => {
      bytes.writeUInt32BE(first + index, 4);
    });
    await this.#transport.sendAll(messages);
    return first;
  }

  /**
   * Sends `message` and waits for the answer with its xid; all parts of a multipart reply come as one. Throws
   * `SwitchError` where the answer is an error.
   */
  async request(message: Message, options: { readonly signal?: AbortSignal } = {}): Promise<Message> {
    const parts: Message[] = [];
    await this.#ask(message, options.signal, (bytes) => {
      const part = decodeMessage(bytes).message;
      parts.push(part);
      return part.type !== 'multipart_reply' || ((part.flags ?? 0) & 1) === 0;
    });
    return parts.length === 1 ? parts[0]! : joined(parts);
  }

  /** Waits until the switch has processed all earlier messages. */
  async barrier(): Promise<void> {
    await this.request({ type: 'barrier_request' });
  }

  /**
   * Applies `messages` atomically: all of them, or none if one is refused. Throws a `SwitchError` that names each refused
   * message by its index. Each message is complete; its xid is overwritten. Open vSwitch commits a bundle without the
   * messages that it could not read, so the bundle is committed only if no message caused an error.
   */
  async bundle(messages: readonly Outgoing[], options: BundleOptions = {}): Promise<void> {
    if (messages.length > 0) await sendBundle(this.#transport, (message) => this.request(message), messages, options);
  }

  async ports(): Promise<readonly PortDescription[]> {
    return (await this.#multipart({ type: 'port_desc' }, 'port_desc')).entries;
  }

  /** The meters of the switch. */
  async meters(): Promise<readonly MeterConfig[]> {
    return (await this.#multipart({ type: 'meter_config' }, 'meter_config')).entries;
  }

  /** The numbers of the groups of the switch. */
  async groups(): Promise<readonly number[]> {
    return (await this.#multipart({ type: 'group_desc' }, 'group_desc')).entries.map(({ group }) => group);
  }

  /**
   * Starts the flow monitor: from now on, every flow that is added, changed or deleted is emitted as `flowUpdates`; changes
   * of this connection are abbreviated. Throws `SwitchError` if the switch has no flow monitors. A second call does
   * nothing, because Open vSwitch 3.1 answers a second request for a monitor in another version of OpenFlow.
   */
  monitorFlows(): Promise<void> {
    const flags = { add: true, delete: true, modify: true, actions: true };
    this.#monitoring ??= this.#multipart({ type: 'flow_monitor', id: flowMonitorId, flags }, 'flow_monitor').then(
      () => {},
    );
    return this.#monitoring;
  }

  /** The flows of a table, of a filter, or all, as strings that compare with those of `encodeFlow`. */
  async dumpFlows(which: number | FlowFilter = {}): Promise<InstalledFlow[]> {
    const flows: InstalledFlow[] = [];
    await this.#ask({ type: 'multipart_request', body: { type: 'flow', ...filterOf(which) } }, undefined, (bytes) => {
      const head = new Reader(bytes, headerSize);
      const [kind, flags] = [head.u16(), head.u16()];
      if (bytes[1] !== multipartReplyCode || kind !== flowStatsCode) head.fail('not a reply with flows');
      readFlowStats(new Reader(bytes, multipartHead), (flow) => flows.push(flow));
      return (flags & 1) === 0;
    });
    return flows;
  }

  async flowCount(which: number | FlowFilter = {}): Promise<number> {
    return (await this.#multipart({ type: 'aggregate', ...filterOf(which) }, 'aggregate')).flow_count;
  }

  /** Ends the connection after sending pending messages. */
  async close(): Promise<void> {
    this.#transport.end();
    await this.closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #multipart<T extends MultipartReply['type']>(
    body: MultipartRequest,
    type: T,
  ): Promise<Extract<MultipartReply, { readonly type: T }>> {
    const reply = await this.request({ type: 'multipart_request', body });
    if (reply.type !== 'multipart_reply' || reply.body.type !== type) {
      throw new SwitchError(`multipart request ${body.type}`, `answered with ${reply.type}`);
    }
    return reply.body as Extract<MultipartReply, { readonly type: T }>;
  }

  #ask(message: Message, signal: AbortSignal | undefined, accept: (bytes: Buffer) => boolean): Promise<void> {
    signal?.throwIfAborted();
    return new Promise((resolve, reject) => {
      const aborted = (): void => {
        clearTimeout(late);
        this.#transport.forget(xid);
        reject(signal?.reason as Error);
      };
      // Without a timeout, a peer that answers only echo requests would block the caller forever.
      const late = setTimeout(() => {
        this.#transport.destroy(`no answer to ${message.type} for ${answerMs / 1000} s`);
      }, answerMs);
      const settle = (error?: Error): void => {
        clearTimeout(late);
        signal?.removeEventListener('abort', aborted);
        if (error === undefined) resolve();
        else reject(error);
      };
      signal?.addEventListener('abort', aborted, { once: true });
      const xid = this.#transport.ask(message, {
        fail: settle,
        accept: (bytes) => {
          late.refresh();
          const error = errorIn(bytes, message.type);
          const done = error !== undefined || accept(bytes);
          if (done) settle(error);
          return done;
        },
      });
    });
  }
}

/** Emits unsolicited messages of the switch as events. */
export function dispatcher(listeners: Listeners<ConnectionEvents>): (message: Message) => void {
  return (message) => {
    switch (message.type) {
      case 'packet_in':
      case 'packet_in2':
        return listeners.emit('packetIn', packetInOf(message));
      case 'port_status':
        return listeners.emit('portStatus', message);
      case 'flow_removed':
        return listeners.emit('flowRemoved', message);
      case 'multipart_reply':
        return message.body.type === 'flow_monitor' ? listeners.emit('flowUpdates', message.body.entries) : undefined;
      case 'flow_monitor_resumed':
        return listeners.emit('flowMonitorResumed', undefined);
      case 'error':
        return listeners.emit('error', new SwitchError(typeOfBeginning(message.data), errorReason(message)));
      default:
        return;
    }
  };
}

/** The handlers of a connection. An exception of one becomes an `error` event, or goes to `fault` if there is no listener. */
export function connectionListeners(onFault: (error: unknown) => void = () => {}): Listeners<ConnectionEvents> {
  let inFault = false;
  const listeners: Listeners<ConnectionEvents> = new Listeners((error) => {
    // An exception in a handler of `error` must not call that handler again.
    if (inFault || !listeners.has('error')) return onFault(error);
    inFault = true;
    listeners.emit('error', error instanceof Error ? error : new Error(String(error)));
    inFault = false;
  });
  return listeners;
}

export function unreadable(listeners: Listeners<ConnectionEvents>): (error: DecodeError) => void {
  return (error) => listeners.emit('error', error);
}

function errorIn(bytes: Buffer, what: string): SwitchError | undefined {
  if (bytes[1] !== 1) return undefined;
  const { message } = decodeMessage(bytes);
  return message.type === 'error' ? new SwitchError(what, errorReason(message)) : undefined;
}

function filterOf(which: number | FlowFilter): FlowFilter {
  if (typeof which === 'number') return { table: which };
  return which.cookie === undefined ? which : { cookie_mask: wholeCookie, ...which };
}

/** The parts of a multipart reply as one message. */
function joined(parts: readonly Message[]): Message {
  const bodies = parts.map((part) => (part.type === 'multipart_reply' ? part.body : undefined));
  const entries = bodies.flatMap((body): readonly unknown[] => (body && 'entries' in body ? body.entries : []));
  return { type: 'multipart_reply', body: { ...bodies[0], entries } as unknown as MultipartReply };
}
