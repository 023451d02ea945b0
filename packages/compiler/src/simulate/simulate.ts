/**
 * A switch in the process: runs a packet through flows as Open vSwitch would, for unit tests, for tracing and for
 * scale. It knows the matches that this pipeline uses, and the actions that say how they run (`openflow`); it refuses all others by name. It is itself
 * tested against `ofproto/trace` of a real switch.
 */
import {
  type Action,
  type FieldName,
  type Flow,
  fields,
  type Machine,
  type MatchValue,
  reservedPorts,
  runAction,
  type Subfield,
  type Tracking,
} from '@openvnet/openflow';
import { places } from '../pipeline/places.ts';
import { portFromWire, wirePort } from '../pipeline/ports.ts';
import { tableNames } from '../pipeline/tables.ts';
import { Connections } from './connections.ts';

/**
 * Header fields of a packet, and `in_port`. A field that the packet does not have is absent. `size` is that of the frame,
 * in bytes; one that does not say is small.
 */
export type Packet = { readonly [F in FieldName]?: number | bigint } & { readonly size?: number };

export interface Copy {
  readonly port: number;
  /** The packet as it leaves, registers left out. */
  readonly packet: Packet;
}

export interface Outcome {
  /** Copies that leave, in order. */
  readonly sent: readonly Copy[];
  /** Copies for the agent, each with the first byte of what the flow sent along. */
  readonly toAgent: readonly { readonly reason: number; readonly packet: Packet }[];
  /** The flows that took the packet, in order. */
  readonly trace: readonly Taken[];
}

/** A flow that took the packet, and all fields and registers as they were then. */
export interface Taken {
  readonly table: string;
  readonly priority: number;
  readonly cookie: bigint;
  readonly flow: Flow;
  readonly before: { readonly [F in FieldName]?: bigint };
}

/** Flows by table, the highest priority first, ready to run packets through. */
export type Program = ReadonlyMap<number, readonly Flow[]>;

const mostResubmits = 4096;

export function program(flows: Iterable<Flow>): Program {
  const tables = new Map<number, Flow[]>();
  for (const flow of flows) {
    const table = tables.get(flow.table) ?? [];
    tables.set(flow.table, table);
    table.push(flow);
  }
  for (const table of tables.values()) table.sort((a, b) => b.priority - a.priority);
  return tables;
}

/** Runs a packet through the tables, beginning at the first. What it opens is noted in `connections`. */
export function simulate(flows: Program, packet: Packet, connections = new Connections()): Outcome {
  const run = new Run(flows, packet, connections);
  run.table(0);
  return run;
}

class Run implements Outcome, Machine {
  readonly sent: Copy[] = [];
  readonly toAgent: { reason: number; packet: Packet }[] = [];
  readonly trace: Taken[] = [];
  readonly #flows: Program;
  readonly #connections: Connections;
  readonly size: number;
  #values = new Map<FieldName, bigint>();
  #resubmits = 0;
  #stopped = false;

  constructor(flows: Program, { size = 0, ...packet }: Packet, connections: Connections) {
    this.#flows = flows;
    this.#connections = connections;
    this.size = size;
    for (const [name, value] of Object.entries(packet)) this.#values.set(name as FieldName, BigInt(value));
    const port = this.#values.get('in_port');
    if (port !== undefined) this.#values.set('in_port', BigInt(wirePort(Number(port))));
  }

  table(number: number): void {
    const flow = this.#flows.get(number)?.find(({ match }) => this.#matches(match));
    if (!flow) return;
    const { priority, cookie } = flow;
    const before = Object.fromEntries(this.#values);
    this.trace.push({ table: tableNames[number] ?? String(number), priority, cookie, flow, before });
    for (const instruction of flow.instructions) {
      if (this.#stopped) return;
      if (instruction.type === 'apply_actions') this.#runAll(instruction.actions);
      else if (instruction.type === 'goto_table') this.resubmit(instruction.table);
      // A single packet is within every rate.
      else if (instruction.type !== 'meter') throw new RangeError(`instruction ${instruction.type} is not simulated`);
    }
  }

  #runAll(actions: readonly Action[]): void {
    for (const action of actions) if (!this.#stopped) runAction(action, this);
  }

  /** A switch counts each table that a packet is taken to, also where it does not come back. */
  resubmit(table: number): void {
    if (++this.#resubmits > mostResubmits) throw new RangeError('more resubmits than a switch would follow');
    this.table(table);
  }

  #matches(match: Flow['match']): boolean {
    return Object.entries(match).every(([name, wanted]) => {
      const value = this.#get(name as FieldName);
      if (value === undefined) return false;
      const [bits, mask] = maskOf(wanted as MatchValue);
      return mask === undefined ? value === bits : (value & mask) === bits;
    });
  }

  stop(): void {
    this.#stopped = true;
  }

  punt(userdata: Uint8Array | undefined): void {
    this.toAgent.push({ reason: userdata?.[0] ?? Number(this.read(places.reason)), packet: this.#packet() });
  }

  /** A copy goes on at the table, and knows its connection; this packet does not. */
  track({ zone, commit, table, change }: Tracking): void {
    const state = this.#connections.track(zone, (field) => this.#get(field), commit);
    if (table === undefined) return;
    const before = this.#values;
    this.#values = new Map(before);
    this.#values.set('ct_state', BigInt(state));
    change();
    // The switch looks at what comes back from connection tracking as at another packet.
    const resubmits = this.#resubmits;
    this.#resubmits = 0;
    this.table(table);
    this.#resubmits = resubmits;
    this.#values = before;
  }

  /** A packet never leaves where it came in, unless that is asked for by name. */
  output(port: number): void {
    const came = Number(this.#get('in_port'));
    const target = port === reservedPorts.in_port ? came : wirePort(port);
    const leaves = target < reservedPorts.max || target === reservedPorts.local;
    if (port !== reservedPorts.in_port && (target === came || target === 0 || !leaves)) return;
    this.sent.push({ port: portFromWire(target), packet: this.#packet() });
  }

  #packet(): Packet {
    return Object.fromEntries(
      [...this.#values].filter(([name]) => !/^(x*reg\d|ct_)/.test(name)).map(([name, value]) => [name, value]),
    );
  }

  read({ field, offset, bits }: Subfield): bigint {
    return ((this.#get(field) ?? 0n) >> BigInt(offset)) & ones(bits);
  }

  write({ field, offset, bits }: Subfield, value: bigint): void {
    const mask = ones(bits) << BigInt(offset);
    this.#set(field, ((this.#get(field) ?? 0n) & ~mask) | ((value << BigInt(offset)) & mask));
  }

  /** Registers are there in every packet; a pair is two of them. */
  #get(field: FieldName): bigint | undefined {
    const pair = pairOf(field);
    if (pair) return ((this.#get(pair[0]) ?? 0n) << 32n) | (this.#get(pair[1]) ?? 0n);
    if (field === 'nxm_in_port') return this.#values.get('in_port');
    return this.#values.get(field) ?? (/^(reg|ct_state|ip_frag|vlan_vid|tun)/.test(field) ? 0n : undefined);
  }

  #set(field: FieldName, value: bigint): void {
    const pair = pairOf(field);
    if (pair) {
      this.#set(pair[0], value >> 32n);
      this.#set(pair[1], value & ones(32));
    } else if (field === 'nxm_in_port') this.#values.set('in_port', BigInt(wirePort(Number(value))));
    else this.#values.set(field, value & ones(fields[field].bits));
  }
}

function pairOf(field: FieldName): [FieldName, FieldName] | undefined {
  const found = /^xreg(\d+)$/.exec(field);
  if (!found) return undefined;
  const first = Number(found[1]) * 2;
  return [`reg${first}` as FieldName, `reg${first + 1}` as FieldName];
}

function maskOf(value: MatchValue): [bigint, bigint | undefined] {
  return typeof value === 'object' ? [BigInt(value.value), BigInt(value.mask)] : [BigInt(value), undefined];
}

function ones(bits: number): bigint {
  return (1n << BigInt(bits)) - 1n;
}
