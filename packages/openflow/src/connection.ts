/**
 * A connection to one switch: requests and their answers, bundles, flow dumps, and what the switch says by itself.
 * It neither remembers flows nor redials; `dial.ts` and `listen.ts` make it.
 */
import { type DecodeError, Reader } from '@openvnet/wire';
import { type BundleOptions, sendBundle } from './bundle.ts';
import { errorReason, SwitchError } from './errors.ts';
import { type EncodedFlow, type FlowCounters, readFlowStats } from './flow.ts';
import type { FlowUpdate } from './flow-monitor.ts';
import { Listeners } from './listeners.ts';
import { decodeMessage, headerSize, type Message, type MessageOf, typeOfBeginning } from './messages.ts';
import type { MeterConfig, MultipartReply, MultipartRequest, PortDescription } from './multipart.ts';
import { type PacketIn, packetInOf } from './packet-in.ts';
import type { Outgoing, Transport } from './transport.ts';

/** What a connection says by itself. */
export type ConnectionEvents = {
  readonly packetIn: PacketIn;
  readonly portStatus: MessageOf<'port_status'>;
  readonly flowRemoved: MessageOf<'flow_removed'>;
  /** What a flow monitor tells of. */
  readonly flowUpdates: readonly FlowUpdate[];
  /** The switch could not tell of every change in time, and does again. */
  readonly flowMonitorResumed: undefined;
  /** An error that nobody waits for, a message that cannot be read, or what a handler threw. */
  readonly error: Error;
  /** The reason, where it was not `close`. */
  readonly close: Error | undefined;
};

export interface ConnectionOptions {
  /** After how long a silence the switch is asked whether it is there; after another it is given up. Default 5000. */
  readonly echoIntervalMs?: number;
  /** Gets what a handler threw where nobody listens to `error`. */
  readonly onFault?: (error: unknown) => void;
}

/** A flow as the switch has it, with what it has counted. */
export type InstalledFlow = EncodedFlow & FlowCounters;

/** Which flows: all of these must hold. Absent is any. */
export interface FlowFilter {
  readonly table?: number;
  readonly cookie?: bigint;
  /** The bits of the cookie that count; without it all do. */
  readonly cookie_mask?: bigint;
}

export type Features = Omit<MessageOf<'features_reply'>, 'type'>;

const wholeCookie = 0xffff_ffff_ffff_ffffn;
const multipartHead = headerSize + 8;
const multipartReplyCode = 19;
const flowStatsCode = 1;
const flowMonitorId = 1;
/** How long a switch may take for an answer, or for the next part of one. */
const answerMs = 30_000;

export class SwitchConnection implements AsyncDisposable {
  readonly features: Features;
  /** `unix:/run/openvswitch/br-int.mgmt` or `tcp:127.0.0.1:40000`. */
  readonly peer: string;
  /** Fulfilled when the connection is over, whatever the reason. */
  readonly closed: Promise<void>;
  readonly #transport: Transport;
  readonly #listeners: Listeners<ConnectionEvents>;
  #monitoring: Promise<void> | undefined;

  /** Made by `dial` and `listen`, once the switch has said its features. */
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

  /** Calls `handler` at every `event` until what this returns is called. */
  on<E extends keyof ConnectionEvents>(event: E, handler: (value: ConnectionEvents[E]) => unknown): () => void {
    return this.#listeners.on(event, handler);
  }

  /** Sends a message and gives its xid; an error that answers it comes as `error`. */
  send(message: Message): number {
    return this.#transport.send(message);
  }

  /**
   * Sends complete messages in bulk and waits where the socket has enough. Their xids are overwritten with a run of
   * new ones, of which the first is the result.
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

  /** Waits until the switch has done everything that was sent before. */
  async barrier(): Promise<void> {
    await this.request({ type: 'barrier_request' });
  }

  /**
   * Carries out `messages` as one: all or, where one is refused, none. Throws `SwitchError` that names each refused
   * message by its index. Each message is complete; its xid is overwritten. Open vSwitch commits a bundle without the
   * messages that it could not read, so the bundle is committed only when no error has come for any of them.
   */
  async bundle(messages: readonly Outgoing[], options: BundleOptions = {}): Promise<void> {
    if (messages.length > 0) await sendBundle(this.#transport, (message) => this.request(message), messages, options);
  }

  async ports(): Promise<readonly PortDescription[]> {
    return (await this.#multipart({ type: 'port_desc' }, 'port_desc')).entries;
  }

  /** The meters that there are. */
  async meters(): Promise<readonly MeterConfig[]> {
    return (await this.#multipart({ type: 'meter_config' }, 'meter_config')).entries;
  }

  /** The numbers of the groups that there are. */
  async groups(): Promise<readonly number[]> {
    return (await this.#multipart({ type: 'group_desc' }, 'group_desc')).entries.map(({ group }) => group);
  }

  /**
   * Has the switch tell, as `flowUpdates`, of every flow that is added, changed or deleted from now on; changes that come
   * from this connection are abbreviated. Throws `SwitchError` where the switch has no flow monitors. Asking again does
   * nothing: Open vSwitch 3.1 answers a second request for one monitor in another version of OpenFlow.
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

  /** Ends the connection once what was sent has left. */
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
      // A peer that answers echoes and nothing else would be waited for for ever.
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

/** Gives what comes from the switch by itself to those who listen. */
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

/** The handlers of a connection: what they throw is an `error` event, or the caller's where nobody listens to those. */
export function connectionListeners(onFault: (error: unknown) => void = () => {}): Listeners<ConnectionEvents> {
  let inFault = false;
  const listeners: Listeners<ConnectionEvents> = new Listeners((error) => {
    // A handler of errors that throws must not be handed its own error for ever.
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
