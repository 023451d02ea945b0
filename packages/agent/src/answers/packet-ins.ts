import {
  type AgentReason,
  type Answer,
  agentReads,
  agentReasons,
  features,
  type Limit,
  type Lookup,
  output,
  places,
  portFromWire,
  type RegisterName,
  type Reply,
} from '@openvnet/compiler';
import { type Action, type FieldName, type PacketIn, reservedPorts, type SwitchConnection } from '@openvnet/openflow';
import { DecodeError } from '@openvnet/wire';
import type { Logger } from 'pino';
import type { ServedSwitch } from '../switch/served-switch.ts';
import { Exchanges } from './exchanges.ts';
import { RateLimits } from './rate-limits.ts';
import { TcpService } from './tcp-service.ts';

/** The default, for features that declare none. */
const usualLimit: Limit = { burst: 20, perSecond: 10 };
/** Interval between log lines about the same problem. */
const noteMs = 1000;

const switchRegisters = Array.from({ length: 16 }, (_, number) => `reg${number}` as FieldName);

interface Answerer {
  readonly reason: AgentReason;
  readonly answer: Answer;
  readonly limit: Limit;
}

const answerers = new Map<number, Answerer>();
for (const { answers = {}, limit = usualLimit } of features) {
  for (const [reason, answer] of Object.entries(answers) as [AgentReason, Answer][])
    answerers.set(agentReasons[reason], { reason, answer, limit });
}

/** Answers punted packets: finds the handler by the reason in the flow, and applies the rate limit of each port. */
export class PacketIns {
  readonly #log: Logger;
  readonly #limits = new RateLimits();
  readonly #exchanges = new Exchanges();
  readonly #tcp = new TcpService();
  readonly #noted = new Map<string, number>();
  /** When the counters began. */
  readonly since = new Date().toISOString();
  /** Counters by reason and outcome. */
  readonly counts = new Map<string, number>();
  answered = 0;
  limited = 0;
  /** Processing time of answers in milliseconds, without waiting. */
  readonly spent = { total: 0, most: 0 };

  constructor(log: Logger) {
    this.#log = log;
  }

  handle(served: ServedSwitch, connection: SwitchConnection, message: PacketIn): void {
    const { packet, userdata, metadata } = message;
    const port = portFromWire(Number(metadata?.in_port ?? 0));
    const answerer = answerers.get(userdata?.[0] ?? registerOf(metadata, 'reason'));
    if (!packet || !answerer) return;
    const { reason, answer, limit } = answerer;
    if (!this.#limits.admit(`${served.dpid} ${port} ${reason}`, limit)) {
      this.limited++;
      return;
    }
    const out = ({ frame, actions, in_port = reservedPorts.controller }: Reply): void => {
      connection.send({ type: 'packet_out', in_port, actions: [...actions], data: frame });
    };
    const send = (replies: readonly Reply[]): void => {
      for (const reply of replies) out(reply);
      this.answered++;
    };
    const failed = (error: unknown): void => {
      // Malformed packets of guests are counted; logging each would let a guest flood the log.
      if (error instanceof DecodeError) this.#count(`${reason} malformed`);
      else this.#log.warn({ datapath: served.dpid, port, err: error }, 'a punted packet could not be answered');
    };
    const began = performance.now();
    try {
      const register = (name: RegisterName): number => {
        if (!agentReads[reason].includes(name))
          throw new RangeError(
            `register ${name} may hold anything in a packet for ${reason}: agentReads does not name it`,
          );
        return registerOf(metadata, name);
      };
      const handed = { port, frame: packet, register, restore: () => restoreOf(metadata) };
      const lookup: Lookup = {
        ...this.#lookup(served, port, reason),
        converse: (conversation) => {
          const back = (data: Uint8Array): void => out({ frame: data, actions: [output(port)] });
          this.#tcp.take({ client: `${served.dpid} ${port}`, frame: packet, send: back, conversation });
        },
      };
      const replies = answer(handed, lookup);
      if (replies instanceof Promise) replies.then(send).catch(failed);
      else send(replies);
    } catch (error) {
      failed(error);
    }
    const took = performance.now() - began;
    this.spent.total += took;
    this.spent.most = Math.max(this.spent.most, took);
  }

  /** Removes idle ports. */
  forget(now = performance.now()): void {
    this.#limits.forget(now);
  }

  close(): void {
    this.#exchanges.close();
    this.#tcp.close();
  }

  #lookup(served: ServedSwitch, port: number, reason: AgentReason): Omit<Lookup, 'converse'> {
    const { cache } = served;
    const count = (what: string): void => this.#count(`${reason} ${what}`);
    return {
      datapathId: served.datapathId,
      get: (name, id) => cache.view.get(name, id),
      where: (name, column, value) => cache.view.where(name, column, value),
      remember: (name, compute) => cache.get(name, compute),
      resolve: (station) => served.neighbours.find(station, `${port}`),
      heard: (station, mac) => served.neighbours.heard(station, mac),
      arrived: (interfaceId) => served.arrived(interfaceId),
      exchange: (request) => this.#exchanges.ask(`${served.dpid} ${port}`, request),
      notice: (interfaceId, what) => served.notices.put(interfaceId, reason, what),
      count,
      note: (what, values) => {
        count(what);
        const now = performance.now();
        if (now - (this.#noted.get(`${reason} ${what}`) ?? -noteMs) < noteMs) return;
        this.#noted.set(`${reason} ${what}`, now);
        this.#log.info({ datapath: served.dpid, reason, ...values }, what);
      },
    };
  }

  #count(what: string): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + 1);
  }
}

/** Restores all registers; fields that two registers share are restored once. */
function restoreOf(metadata: PacketIn['metadata']): Action[] {
  return switchRegisters.flatMap((field) => {
    const value = heldIn(metadata, field);
    return value === 0n ? [] : [{ type: 'load', to: { field, offset: 0, bits: 32 }, value: Number(value) }];
  });
}

function heldIn(metadata: PacketIn['metadata'], field: FieldName): bigint {
  const value = metadata?.[field] as number | bigint | { value?: number | bigint } | undefined;
  return BigInt((typeof value === 'object' ? value.value : value) ?? 0);
}

/** A switch reports each register separately, also registers that are used in pairs. */
function registerOf(metadata: PacketIn['metadata'], name: RegisterName): number {
  const { field, offset, bits } = places[name];
  const read = (one: FieldName): bigint => heldIn(metadata, one);
  const pair = /^xreg(\d+)$/.exec(field);
  const first = Number(pair?.[1]) * 2;
  const halves = pair && (read(`reg${first}` as FieldName) << 32n) | read(`reg${first + 1}` as FieldName);
  const whole = halves || read(field);
  return Number((whole >> BigInt(offset)) & ((1n << BigInt(bits)) - 1n));
}
