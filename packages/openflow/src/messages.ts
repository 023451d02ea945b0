/**
 * Messages, each a tagged object. A new message is an entry of `messages`; its type, reading and writing follow from it.
 * OpenFlow 1.3.5, 7.1 to 7.5; the extensions are those of Open vSwitch (nicira-ext.h) and of the ONF (EXT-230).
 */
import { DecodeError, pad, Reader, rest, u8, u16, u32, u48, u64, Writer } from '@openvnet/wire';
import { reservedPorts } from './actions.ts';
import { flowCommands } from './flow.ts';
import { removalReasons } from './flow-monitor.ts';
import {
  asyncMasks,
  continuedPacket,
  countedActions,
  error,
  hello,
  packetInReason,
  role,
  switchConfig,
} from './message-bodies.ts';
import { multipartReply, multipartRequest } from './multipart.ts';
import { bands, buckets, groupType, instructionList, match, packetMatch, port } from './structures.ts';
import {
  experimenterOf,
  extension,
  isExtension,
  named,
  type OneOf,
  subtypeOf,
  Variants,
  variant,
  variantOf,
  withDefault,
} from './variant.ts';

/** A message. `experimenter` and `unknown` stand for messages that are not in the table. */
export type Message = KnownMessage | ExperimenterMessage | UnknownMessage;

type KnownMessage = OneOf<typeof messages>;

interface ExperimenterMessage {
  readonly type: 'experimenter';
  readonly experimenter: number;
  readonly subtype: number;
  readonly data: Uint8Array;
}

interface UnknownMessage {
  readonly type: 'unknown';
  readonly code: number;
  readonly body: Uint8Array;
}

/** A message of this type. */
export type MessageOf<T extends Message['type']> = Extract<Message, { readonly type: T }>;

/** The version number of OpenFlow 1.3 on the wire. */
export const openflow13 = 4;
export const headerSize = 8;

const experimenterCode = 4;
const noBuffer = 0xffff_ffff;
const onf = 0x4f4e4600;
const nicira = 0x2320;

const messages = {
  hello: variantOf(0, hello),
  error: variantOf(1, error),
  echo_request: variant(2, { data: rest }),
  echo_reply: variant(3, { data: rest }),
  features_request: variant(5, {}),
  features_reply: variant(6, {
    datapath_id: u64,
    n_buffers: u32,
    n_tables: u8,
    auxiliary_id: u8,
    _: pad(2),
    capabilities: u32,
    __: pad(4),
  }),
  get_config_request: variant(7, {}),
  get_config_reply: variantOf(8, switchConfig),
  set_config: variantOf(9, switchConfig),
  packet_in: variant(10, {
    buffer_id: withDefault(u32, noBuffer),
    total_len: u16,
    reason: packetInReason,
    table: u8,
    cookie: u64,
    match: packetMatch,
    _: pad(2),
    data: rest,
  }),
  flow_removed: variant(11, {
    cookie: u64,
    priority: u16,
    reason: named(u8, removalReasons),
    table: u8,
    duration_sec: u32,
    duration_nsec: u32,
    idle_timeout: u16,
    hard_timeout: u16,
    packet_count: u64,
    byte_count: u64,
    match,
  }),
  port_status: variant(12, { reason: named(u8, ['add', 'delete', 'modify']), _: pad(7), port }),
  packet_out: variant(13, {
    buffer_id: withDefault(u32, noBuffer),
    in_port: withDefault(u32, reservedPorts.controller),
    actions: countedActions,
    data: rest,
  }),
  flow_mod: variant(14, {
    cookie: withDefault(u64, 0n),
    cookie_mask: withDefault(u64, 0n),
    table: u8,
    command: named(u8, flowCommands),
    idle_timeout: withDefault(u16, 0),
    hard_timeout: withDefault(u16, 0),
    priority: withDefault(u16, 0x8000),
    buffer_id: withDefault(u32, noBuffer),
    out_port: withDefault(u32, reservedPorts.any),
    out_group: withDefault(u32, 0xffff_ffff),
    flags: withDefault(u16, 0),
    _: pad(2),
    match: withDefault(match, {}),
    instructions: withDefault(instructionList, []),
  }),
  group_mod: variant(15, {
    command: named(u16, { add: 0, modify: 1, delete: 2, add_or_mod: 0x8000 }),
    group_type: groupType,
    _: pad(1),
    group: u32,
    buckets: withDefault(buckets, []),
  }),
  port_mod: variant(16, {
    port: u32,
    _: pad(4),
    hw_addr: u48,
    __: pad(2),
    config: u32,
    mask: u32,
    advertise: withDefault(u32, 0),
    ___: pad(4),
  }),
  table_mod: variant(17, { table: u8, _: pad(3), config: u32 }),
  multipart_request: variantOf(18, multipartRequest),
  multipart_reply: variantOf(19, multipartReply),
  barrier_request: variant(20, {}),
  barrier_reply: variant(21, {}),
  role_request: variantOf(24, role),
  role_reply: variantOf(25, role),
  get_async_request: variant(26, {}),
  get_async_reply: variantOf(27, asyncMasks),
  set_async: variantOf(28, asyncMasks),
  meter_mod: variant(29, {
    command: named(u16, ['add', 'modify', 'delete']),
    flags: withDefault(u16, 0),
    meter: u32,
    bands: withDefault(bands, []),
  }),

  set_packet_in_format: variant(extension(nicira, 16), { format: u32 }),
  set_controller_id: variant(extension(nicira, 20), { _: pad(6), controller_id: u16 }),
  resume: variantOf(extension(nicira, 28), continuedPacket),
  ct_flush_zone: variant(extension(nicira, 29), { _: pad(6), zone: u16 }),
  packet_in2: variantOf(extension(nicira, 30), continuedPacket),

  // A switch that cannot send as fast as flows change pauses its updates of additions, and sends them when it resumes.
  flow_monitor_paused: variant(extension(onf, 1871), {}),
  flow_monitor_resumed: variant(extension(onf, 1872), {}),

  bundle_control: variant(extension(onf, 2300), {
    bundle: u32,
    control: named(u16, [
      'open_request',
      'open_reply',
      'close_request',
      'close_reply',
      'commit_request',
      'commit_reply',
      'discard_request',
      'discard_reply',
    ]),
    flags: withDefault(u16, 0),
  }),
  // `message` is a complete message with the xid of this one.
  bundle_add: variant(extension(onf, 2301), { bundle: u32, _: pad(2), flags: withDefault(u16, 0), message: rest }),
};

const variants = new Variants<KnownMessage>('message', messages);
export const messageTypes = variants.names;

/** The bytes of `message`, ready to be sent. Throws `RangeError` for what does not fit. */
export function encodeMessage(message: Message, xid: number): Buffer {
  const to = new Writer();
  if (message.type === 'unknown') {
    head(to, message.code, xid).bytes(message.body);
  } else if (message.type === 'experimenter') {
    head(to, experimenterCode, xid).u32(message.experimenter).u32(message.subtype).bytes(message.data);
  } else {
    const { code, codec } = variants.of(message);
    if (isExtension(code)) head(to, experimenterCode, xid).u32(experimenterOf(code)).u32(subtypeOf(code));
    else head(to, code, xid);
    codec.write(to, message);
  }
  return to.patchU16(2, to.size).finish();
}

/** A received message, with the version in its header. */
export interface Received {
  readonly version: number;
  readonly xid: number;
  readonly message: Message;
}

/**
 * Reads one complete message; byte fields are views of `bytes`. Throws `DecodeError`, and nothing else, if it
 * cannot be read. A message of another version than 1.3 is read only if it is a hello or an error.
 */
export function decodeMessage(bytes: Uint8Array): Received {
  const from = new Reader(bytes);
  const version = from.u8();
  const code = from.u8();
  const size = from.u16();
  const xid = from.u32();
  if (size !== bytes.length)
    throw new DecodeError(`a message of ${bytes.length} bytes has length ${size} in its header`, 2);
  if (version !== openflow13 && code > 1) throw new DecodeError(`version ${version}, not ${openflow13}`, 0);
  const message = decodeBody(code, from);
  from.end(`message ${message.type}`);
  return { version, xid, message };
}

/** The type of a truncated message; `message` if it is too short or unknown. */
export function typeOfBeginning(bytes: Uint8Array): string {
  const from = new Reader(bytes);
  if (from.remaining < headerSize) return 'message';
  from.take(1);
  const code = from.u8();
  from.take(6);
  if (code !== experimenterCode) return variants.nameOf(code) ?? 'message';
  return (from.remaining >= 8 ? variants.nameOf(extension(from.u32(), from.u32())) : undefined) ?? 'message';
}

function decodeBody(code: number, from: Reader): Message {
  if (code !== experimenterCode) return variants.read(code, from) ?? { type: 'unknown', code, body: from.rest() };
  const experimenter = from.u32();
  const subtype = from.u32();
  const known = subtype < 0x1_0000 ? variants.read(extension(experimenter, subtype), from) : undefined;
  return known ?? { type: 'experimenter', experimenter, subtype, data: from.rest() };
}

function head(to: Writer, code: number, xid: number): Writer {
  return to.u8(openflow13).u8(code).u16(0).u32(xid);
}
