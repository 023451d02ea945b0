/**
 * Flow monitors: a switch reports each flow that is added, changed or deleted. The messages have the form of Open vSwitch's
 * extension for OpenFlow 1.3 (ONFST_FLOW_MONITOR, nicira-ext.h). Flows are read as the two strings of `flow.ts`, without
 * decoding matches and instructions, so that a flow of another program is never unreadable.
 */
import { type Field, type Reader, u16, type Writer } from '@openvnet/wire';
import { reservedPorts } from './actions.ts';
import type { EncodedFlow } from './flow.ts';
import type { Match } from './match.ts';
import { match, sized } from './structures.ts';
import { flagBits, listOf, named } from './variant.ts';

/** Why a flow was removed. OpenFlow 1.3.5, 7.4.2. */
export const removalReasons = [
  'idle_timeout',
  'hard_timeout',
  'delete',
  'group_delete',
  'meter_delete',
  'eviction',
] as const;

/**
 * A change of a flow. The flags of the flow are not reported, so its `body` has none. Changes made by the monitoring
 * connection are abbreviated to the xid of the message, unless `own` was requested.
 */
export type FlowUpdate =
  | ({ readonly event: 'added' | 'modified' } & EncodedFlow)
  | ({ readonly event: 'deleted'; readonly reason: (typeof removalReasons)[number] } & EncodedFlow)
  | { readonly event: 'abbreviated'; readonly xid: number };

/** The content of updates: `initial` for all present flows, `actions` for instructions, `own` for one's own changes. */
export interface FlowMonitor {
  readonly id: number;
  readonly flags: { readonly [F in keyof typeof monitorFlags]?: boolean };
  readonly out_port?: number;
  readonly table?: number;
  readonly match?: Match;
}

const monitorFlags = { initial: 1, add: 2, delete: 4, modify: 8, actions: 16, own: 32 } as const;
const flags = flagBits(u16, monitorFlags);
const events = named(u16, ['added', 'deleted', 'modified', 'abbreviated']);
const reasons = named(u16, removalReasons);
const keyHead = 3;
const cookieSize = 8;
const bodyHead = 14;

export const flowMonitor: Field<FlowMonitor> = {
  read: (from) => {
    const [id, asked] = [from.u32(), flags.read(from)];
    from.take(2);
    const [out_port, table] = [from.u32(), from.u8()];
    from.take(3);
    return { id, flags: asked, out_port, table, match: match.read(from) };
  },
  write: (to, { id, flags: asked, out_port = reservedPorts.any, table = 0xff, match: which = {} }) => {
    to.u32(id);
    flags.write(to, asked);
    const sizeAt = to.size;
    to.u16(0).u32(out_port).u8(table).zeros(3);
    const start = to.size;
    match.write(to, which);
    // The size excludes the padding, like the length field of the match.
    to.patchU16(sizeAt, matchSize(to.text(start + 2, start + 4)));
  },
};

const update: Field<FlowUpdate> = { read: readUpdate, write: writeUpdate };
export const flowUpdates = listOf(sized(update));

function readUpdate(from: Reader): FlowUpdate {
  const event = events.read(from);
  if (event === 'abbreviated') return { event, xid: from.u32() };
  const why = from.u16();
  const head = from.bytes(6);
  const size = from.u16();
  const table = from.bytes(1);
  from.take(1);
  const cookie = from.bytes(cookieSize);
  const matched = from.bytes((size + 7) & ~7);
  const [priority, timeouts] = [head.subarray(0, 2), head.subarray(2)];
  const key = latin1(table, priority, matched);
  const body = latin1(cookie, timeouts, new Uint8Array(2), from.rest());
  if (event !== 'deleted') return { event, key, body };
  return {
    event,
    reason: removalReasons[why] ?? from.fail(`${why} is not a reason for the removal of a flow`),
    key,
    body,
  };
}

function writeUpdate(to: Writer, value: FlowUpdate): void {
  events.write(to, value.event);
  if (value.event === 'abbreviated') {
    to.u32(value.xid);
    return;
  }
  const { key, body } = value;
  if (value.event === 'deleted') reasons.write(to, value.reason);
  else to.u16(0);
  to.latin1(key.slice(1, keyHead)).latin1(body.slice(cookieSize, cookieSize + 4));
  to.u16(matchSize(key.slice(keyHead + 2, keyHead + 4)))
    .latin1(key.slice(0, 1))
    .zeros(1);
  to.latin1(body.slice(0, cookieSize)).latin1(key.slice(keyHead)).latin1(body.slice(bodyHead));
}

/** The size that a match says it has, without padding: its third and fourth byte. */
function matchSize(bytes: string): number {
  return (bytes.charCodeAt(0) << 8) | bytes.charCodeAt(1);
}

function latin1(...parts: readonly Uint8Array[]): string {
  return Buffer.concat(parts).toString('latin1');
}
