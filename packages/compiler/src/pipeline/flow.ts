import {
  type Action,
  type EncodedFlow,
  encodeFlow,
  type FieldName,
  type Instruction,
  learnFlags,
  type Match,
  type MatchValue,
  reservedPorts,
  type Subfield,
} from '@openvnet/openflow';
import { meterBits, meters } from './meters.ts';
import { places, registerNames } from './places.ts';
import { wirePort } from './ports.ts';
import { type RegisterName, registers } from './registers.ts';
import { type AgentReason, agentReasons, type TableName, tableNames, tableNumbers, tables } from './tables.ts';

type Matchable<T extends TableName> = (typeof tables)[T]['match'][number];
type Next<T extends TableName> = (typeof tables)[T]['next'][number];

/** A flow of table `T`: it matches only what the table lists, and goes on only where the table leads. */
export interface FlowIn<T extends TableName> {
  readonly table: T;
  /** From `priority`. */
  readonly priority: number;
  readonly match: { readonly [F in Matchable<T>]?: MatchValue };
  /** Drops what exceeds the rate of this meter, before the actions. */
  readonly meter?: number;
  readonly actions?: readonly Action[];
  readonly next?: Next<T>;
}

/** What should be in a switch, as a feature says it. */
export type Flow = { [T in TableName]: FlowIn<T> }[TableName];

/** Priorities by name; up to 999 may be added where one feature needs an order. A table miss has 0. */
export const priority = { low: 1000, normal: 2000, high: 3000, urgent: 4000 } as const;

/** A flow as the switch takes and shows it. `cookie` names the feature and the item that it is of. */
export function encode(flow: Flow, cookie: bigint): EncodedFlow {
  const match: { [F in FieldName]?: MatchValue } = {};
  const wanted: { readonly [name: string]: MatchValue | undefined } = flow.match;
  for (const name in wanted) {
    const value = wanted[name];
    if (value === undefined) continue;
    const register = matchedRegisters.get(name);
    if (register) matchRegister(match, register, value);
    else if (name === 'in_port') match.in_port = wirePort(Number(value));
    else match[name as FieldName] = value;
  }
  if (flow.priority > 0 && untaggedTables.has(flow.table)) match.vlan_vid ??= untagged;
  if (match.vlan_vid === anyTag) delete match.vlan_vid;
  const instructions: Instruction[] = [];
  if (flow.meter !== undefined) instructions.push({ type: 'meter', meter: flow.meter });
  if (flow.actions && flow.actions.length > 0)
    instructions.push({ type: 'apply_actions', actions: flow.actions as Action[] });
  if (flow.next) instructions.push({ type: 'goto_table', table: tableNumbers[flow.next as TableName] });
  return encodeFlow({
    table: tableNumbers[flow.table],
    priority: flow.priority,
    match: match as Match,
    cookie,
    instructions,
  });
}

const untaggedTables: ReadonlySet<string> = new Set(tableNames.filter((name) => 'untagged' in tables[name]));

/** A register as a match has it: its bits of a field. */
interface MatchedRegister {
  readonly name: RegisterName;
  readonly field: FieldName;
  readonly offset: number;
  readonly bits: number;
  readonly mask: number;
}

const matchedRegisters: ReadonlyMap<string, MatchedRegister> = new Map(
  registerNames.map((name) => {
    const { field, offset, bits } = places[name];
    return [name, { name, field, offset, bits, mask: bits === 32 ? 0xffff_ffff : ((1 << bits) - 1) << offset }];
  }),
);

/** Registers that share a field are matched as one. */
function matchRegister(
  match: { [F in FieldName]?: MatchValue },
  { name, field, offset, bits, mask }: MatchedRegister,
  value: MatchValue,
): void {
  if (bits > 32 || typeof value !== 'number')
    throw new RangeError(`register ${name} is matched by a number of up to 32 bits`);
  fits(name, bits, value);
  const before = match[field] as { value: number; mask: number } | number | undefined;
  const [oldValue, oldMask] =
    before === undefined ? [0, 0] : typeof before === 'number' ? [before, 0xffff_ffff] : [before.value, before.mask];
  const together = { value: (oldValue | (value << offset)) >>> 0, mask: (oldMask | mask) >>> 0 };
  match[field] = together.mask === 0xffff_ffff ? together.value : together;
}

/** By the number of bits. */
const limits = Array.from({ length: 65 }, (_, bits) => 2 ** bits);

function fits(name: RegisterName, bits: number, value: number): void {
  if (value < 0 || value >= limits[bits]!) throw new RangeError(`${name} ${value} does not fit ${bits} bits`);
}

/** Writes a number into a register. */
export function load(name: RegisterName, value: number): Action {
  const to = places[name];
  fits(name, to.bits, value);
  return { type: 'load', to, value };
}

/** Copies a field or register into another of the same width. */
export function move(from: Movable, to: Movable): Action {
  const [source, target] = [whole(from), whole(to)];
  if (source.bits !== target.bits) throw new RangeError(`${from} has ${source.bits} bits, ${to} ${target.bits}`);
  return { type: 'move', from: source, to: target };
}

const movable = {
  eth_src: 48,
  eth_dst: 48,
  ipv4_src: 32,
  ipv4_dst: 32,
  arp_sha: 48,
  arp_tha: 48,
  arp_spa: 32,
  arp_tpa: 32,
} as const;
/** The key of a tunnel: Geneve and VXLAN carry the low 24 bits of what the switch has. */
const tunnelKey = { field: 'tunnel_id', offset: 0, bits: 24 } as const;
const parts = {
  tunnel_key: tunnelKey,
  eth_src_low: { field: 'eth_src', offset: 0, bits: 32 },
  eth_dst_low: { field: 'eth_dst', offset: 0, bits: 32 },
} as const;
type Movable = keyof typeof movable | RegisterName | keyof typeof parts;

function whole(name: Movable): Subfield {
  if (name in parts) return parts[name as keyof typeof parts];
  return name in registers
    ? places[name as RegisterName]
    : { field: name as FieldName, offset: 0, bits: movable[name as keyof typeof movable] };
}

export function setField(field: FieldName, value: number | bigint): Action {
  return { type: 'set_field', field, value };
}

/** Asks another table and comes back. */
export function ask(table: TableName): Action {
  return { type: 'resubmit', table: tableNumbers[table] };
}

/**
 * Sends the packet on at a table with what connection tracking knows of it, in the zone that a register holds. What holds
 * of one zone holds of no other. With `commit` a connection that is new is noted.
 */
export function track(zone: RegisterName, table: TableName, commit?: 'commit'): Action {
  return { type: 'ct', zone: places[zone], table: tableNumbers[table], ...(commit && { commit: true }) };
}

/**
 * Has the switch remember where the sender is: a flow of `table` that sends what is for its MAC address, in its network,
 * out at the port where this packet came in. It goes when it has not been learned again for `age` seconds, or with the
 * flow that has this action. At most `most` are remembered.
 */
export function learnPlace(
  table: 'learned',
  cookie: bigint,
  { age, most }: { readonly age: number; readonly most: number },
): Action {
  return {
    type: 'learn_up_to',
    table: tableNumbers[table],
    priority: priority.normal,
    cookie,
    hard_timeout: age,
    limit: most,
    flags: learnFlags.deleteLearned,
    parts: [
      { type: 'match', from: places.domain, to: places.domain },
      { type: 'match', from: whole('eth_src'), to: whole('eth_dst') },
      { type: 'output', from: inPort },
    ],
  };
}

/**
 * Sends the packet on at a table with one address replaced, by connection tracking: with all its fragments, once it has
 * them. Ports stay. What is no sound packet goes on as it was, and as invalid.
 */
export function trackTranslated(zone: number, table: TableName, kind: 'src' | 'dst', ip: number): Action {
  const nat = { type: 'nat', kind, ipv4_min: ip } as const;
  return { type: 'ct', commit: true, zone, table: tableNumbers[table], actions: [nat] };
}

/** Sends a copy out at a port of the switch. */
export function output(port: number): Action {
  return { type: 'output', port: wirePort(port) };
}

/** Sends a copy out at the port that a register holds. */
export function outputTo(name: RegisterName): Action {
  return { type: 'output_reg', from: places[name], max_len: 0xffff };
}

/** Sends a copy back where the packet came from. */
export const outputBack: Action = { type: 'output', port: reservedPorts.in_port };

const inPort = { field: 'nxm_in_port', offset: 0, bits: 16 } as const;

/** Forgets where the packet came from, so that it may leave there again. What the agent gets after this is of no port. */
export const forgetInPort: Action = { type: 'load', to: inPort, value: 0n };

export const decrementTtl: Action = { type: 'dec_nw_ttl' };

const ethernetHeaderSize = 14;

/** Notes in `too_large` whether the packet has more than `size` bytes, of IP. What follows is done in either case. */
export function checkSize(size: number): Action {
  return { type: 'check_pkt_larger', size: frameSize(size), to: places.too_large };
}

/** Bytes of the IP packet in a frame, and the other way round. */
export const packetSize = (frame: number): number => frame - ethernetHeaderSize;
export const frameSize = (packet: number): number => packet + ethernetHeaderSize;

/**
 * Hands the packet to the agent, with the reason why and under the meter of the port at which it came in: the only way
 * there, so that no port can crowd out others whatever it sends.
 */
export function handOver(reason: AgentReason): { readonly actions: Action[]; readonly next: 'hand_over' } {
  return { actions: because(reason), next: 'hand_over' };
}

/** Hands a copy of the packet to the agent, likewise. */
export function handOverCopy(reason: AgentReason): Action[] {
  return [...because(reason), ask('hand_over')];
}

function because(reason: AgentReason): Action[] {
  return [load('reason', agentReasons[reason]), noteMeter];
}

const noteMeter: Action = { type: 'move', from: { ...inPort, bits: meterBits }, to: places.meter };

/** Has the switch answer the packet, under the meter of the port at which it came in. */
export const haveAnswered = { actions: [noteMeter] as Action[], next: 'limit' } as const;

/** What `limit` matches and does for a meter of requests and packets of one type. */
export function underReplyMeter(
  meter: number,
  eth_type: number,
): Pick<FlowIn<'limit'>, 'match' | 'meter' | 'actions' | 'next'> {
  const number = meter - meters.requests.first;
  return {
    match: { meter: number, eth_type },
    meter: meters.replies.first + number,
    // The kernel cannot rewrite what makes a reply, so its flow hands every packet to the daemon, meter and all. After a
    // label has gone the datapath looks at the packet anew: as a flow of its own, behind the meter.
    actions: [
      { type: 'push_mpls', ethertype: mplsUnicast },
      { type: 'pop_mpls', ethertype: eth_type },
    ],
    next: 'answer',
  };
}

const mplsUnicast = 0x8847;

/** What `hand_over` matches and does for a meter of requests. */
export function underMeter(meter: number): { readonly match: { readonly meter: number }; readonly actions: Action[] } {
  return { match: { meter: meter - meters.requests.first }, actions: [toAgentMetered(meter)] };
}

/** Hands the packet to the agent under a meter; the reason is in its register unless given. */
export function toAgentMetered(meter: number, reason?: AgentReason): Action {
  return { type: 'controller', meter_id: meter, ...(reason && { userdata: Uint8Array.of(agentReasons[reason]) }) };
}

export const ethernet = { ipv4: 0x0800, arp: 0x0806, ipv6: 0x86dd } as const;
/** Of `ip_frag`: any fragment, but not a whole packet. */
export const anyFragment = { value: 1, mask: 1 } as const;
/** Of `ip_frag`: the first fragment of a packet, which has its ports. */
export const firstFragment = 1;
/** Of `ip_frag`: a fragment other than the first, which has no ports. */
export const laterFragment = { value: 2, mask: 2 } as const;

/** Of `vlan_vid`: no tag. */
const untagged = 0;
/** Of `vlan_vid`: any tag, or none. */
export const anyTag = { value: 0, mask: 0 } as const;

/** Bits of `ct_state`. */
export const trackState = {
  new: 0x01,
  established: 0x02,
  related: 0x04,
  reply: 0x08,
  invalid: 0x10,
  tracked: 0x20,
} as const;

/** Of a MAC address: whether it is of a group. */
export const groupBit = 0x0100_0000_0000;

export const protocol = { icmp: 1, tcp: 6, udp: 17 } as const;

/** Whether an address is inside a prefix. */
export function isWithin(ip: number, address: number, prefix: number): boolean {
  return Math.floor(ip / 2 ** (32 - prefix)) === Math.floor(address / 2 ** (32 - prefix));
}

/** The addresses behind a prefix, as a match; every address where `prefix` is 0. */
export function prefixMatch(address: number, prefix: number): MatchValue | undefined {
  if (prefix === 0) return undefined;
  if (prefix === 32) return address;
  const mask = (0xffff_ffff << (32 - prefix)) >>> 0;
  return { value: (address & mask) >>> 0, mask };
}
