/**
 * Flows as text: a flow as the two strings that Open vSwitch would return for it, so that comparing strings compares
 * flows. Each character of the strings stands for one byte (latin1).
 */
import { Reader, Writer } from '@openvnet/wire';
import { reservedPorts } from './actions.ts';
import { decodeInstructions, encodeInstructions, type Instruction } from './instructions.ts';
import { decodeMatch, encodeMatch, type Match } from './match.ts';
import type { Outgoing } from './outgoing.ts';

/** A flow entry. OpenFlow 1.3.5, 5.2. */
export interface Flow {
  readonly table: number;
  readonly priority: number;
  readonly match: Match;
  readonly cookie: bigint;
  readonly instructions: readonly Instruction[];
  /** Seconds; 0 is never. */
  readonly idle_timeout?: number;
  readonly hard_timeout?: number;
  /** The `flowFlags` that are stored with the flow. */
  readonly flags?: number;
}

/** A flow as two strings: `key` identifies it (table, priority, match), `body` is the rest. */
export interface EncodedFlow {
  readonly key: string;
  readonly body: string;
}

/** The counters of a flow. */
export interface FlowCounters {
  readonly packets: number;
  readonly bytes: number;
  readonly seconds: number;
}

/** OpenFlow 1.3.5, 7.3.4.1. */
export const flowFlags = {
  send_flow_rem: 1,
  check_overlap: 2,
  reset_counts: 4,
  no_pkt_counts: 8,
  no_byt_counts: 16,
} as const;

export const flowCommands = { add: 0, modify: 1, modify_strict: 2, delete: 3, delete_strict: 4 } as const;

const keptFlags = flowFlags.send_flow_rem | flowFlags.no_pkt_counts | flowFlags.no_byt_counts;
const keyHead = 3;
const bodyHead = 14;
const flowModHead = 48;
const flowModHeader = 0x040e_0000;
const flowStatsHead = 48;
const noBuffer = 0xffff_ffff;
const anyGroup = 0xffff_ffff;
const emptyBody = '\0'.repeat(bodyHead);
// One writer for all flows: each resets it and takes only strings from it.
const scratch = new Writer(4096);

/** The flow as Open vSwitch would return it. Throws `RangeError` if a value does not fit. */
export function encodeFlow(flow: Flow): EncodedFlow {
  const { flags = 0 } = flow;
  if ((flags & ~keptFlags) !== 0) throw new RangeError(`flags ${flags} are not stored with a flow`);
  const to = scratch.reset();
  to.u8(flow.table).u16(flow.priority);
  encodeMatch(flow.match, to);
  const end = to.size;
  to.u64(flow.cookie);
  to.u16(flow.idle_timeout ?? 0)
    .u16(flow.hard_timeout ?? 0)
    .u16(flags);
  encodeInstructions(flow.instructions, to);
  return { key: to.text(0, end), body: to.text(end, to.size) };
}

/** The flow as an object. Throws `DecodeError` if the strings do not encode a flow. */
export function decodeFlow({ key, body }: EncodedFlow): Flow {
  const keys = new Reader(Buffer.from(key, 'latin1'));
  const [table, priority, match] = [keys.u8(), keys.u16(), decodeMatch(keys)];
  keys.end('the key of a flow');
  const rest = new Reader(Buffer.from(body, 'latin1'));
  const [cookie, idle_timeout, hard_timeout, flags] = [rest.u64(), rest.u16(), rest.u16(), rest.u16()];
  const timeouts = { ...(idle_timeout > 0 && { idle_timeout }), ...(hard_timeout > 0 && { hard_timeout }) };
  const instructions = decodeInstructions(rest);
  return { table, priority, match, cookie, instructions, ...timeouts, ...(flags > 0 && { flags }) };
}

/**
 * A complete flow mod for a flow, made from its strings without encoding it again. `delete_strict` needs only the key.
 * The xid is 0; sending it in a bundle or in bulk sets it.
 */
export class FlowMod implements Outgoing {
  readonly command: 'add' | 'modify_strict' | 'delete_strict';
  readonly key: string;
  readonly #body: string;

  constructor(
    command: FlowMod['command'],
    { key, body = emptyBody }: { readonly key: string; readonly body?: string },
  ) {
    this.command = command;
    this.key = key;
    this.#body = command === 'delete_strict' ? emptyBody : body;
  }

  get length(): number {
    return flowModHead - keyHead + this.key.length + this.#body.length - bodyHead;
  }

  copy(to: Buffer, at: number): void {
    const { key } = this;
    const body = this.#body;
    // Each string is copied so that its tail is in place; the bytes under its head are overwritten afterwards.
    to.write(body, at + flowModHead - keyHead + key.length - bodyHead, 'latin1');
    to.write(key, at + flowModHead - keyHead, 'latin1');
    to.writeUInt32BE(flowModHeader + this.length, at);
    to.writeUInt32BE(0, at + 4);
    for (let i = 0; i < 8; i++) to[at + 8 + i] = body.charCodeAt(i);
    for (let i = 16; i < 24; i++) to[at + i] = 0;
    to[at + 24] = key.charCodeAt(0);
    to[at + 25] = flowCommands[this.command];
    for (let i = 0; i < 4; i++) to[at + 26 + i] = body.charCodeAt(8 + i);
    to[at + 30] = key.charCodeAt(1);
    to[at + 31] = key.charCodeAt(2);
    to.writeUInt32BE(noBuffer, at + 32);
    to.writeUInt32BE(reservedPorts.any, at + 36);
    to.writeUInt32BE(anyGroup, at + 40);
    to.writeUInt32BE((((body.charCodeAt(12) << 8) | body.charCodeAt(13)) << 16) >>> 0, at + 44);
  }
}

/**
 * Reads the flows in the body of a flow statistics reply and passes each to `each`, without decoding matches and
 * instructions. A flow that was installed from its encoded form has the same strings here.
 */
export function readFlowStats(
  body: Reader,
  each: (flow: EncodedFlow & FlowCounters & { table: number }) => void,
): void {
  while (body.remaining > 0) {
    const size = body.u16();
    if (size < flowStatsHead + 8) body.fail(`flow statistics of ${size} bytes`);
    each(readFlowStat(body.sub(size - 2)));
  }
}

function readFlowStat(from: Reader): EncodedFlow & FlowCounters & { table: number } {
  const table = from.u8();
  from.take(1);
  const seconds = from.u32() + from.u32() / 1e9;
  const priority = from.u16();
  const timeouts = from.u32();
  const flags = from.u16();
  from.take(4);
  const cookie = from.bytes(8);
  const packets = from.u32() * 0x1_0000_0000 + from.u32();
  const bytes = from.u32() * 0x1_0000_0000 + from.u32();
  const matchSize = matchSizeAt(from);
  const to = scratch.reset().u8(table).u16(priority).bytes(from.bytes(matchSize));
  const end = to.size;
  to.bytes(cookie)
    .u32(timeouts)
    .u16(flags & keptFlags);
  to.bytes(from.rest());
  return { table, key: to.text(0, end), body: to.text(end, to.size), packets, bytes, seconds };
}

/** Size of the next match with its padding, in bytes. */
function matchSizeAt(from: Reader): number {
  const head = from.peek();
  if (head.length < 8) from.fail('flow statistics without a match');
  return (((head[2]! << 8) | head[3]!) + 7) & ~7;
}
