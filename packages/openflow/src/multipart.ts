/** Bodies of multipart requests and replies. A new one is an entry here. OpenFlow 1.3.5, 7.3.5. */
import { type Field, pad, Reader, u8, u16, u32, u64, type Value, type Writer } from '@openvnet/wire';
import { reservedPorts } from './actions.ts';
import { flowMonitor, flowUpdates } from './flow-monitor.ts';
import { bands, buckets, groupType, instructionList, match, port, sized, textOf } from './structures.ts';
import {
  experimenterOf,
  extension,
  isExtension,
  layout,
  listOf,
  type OneOf,
  subtypeOf,
  Variants,
  variant,
  variantOf,
  withDefault,
} from './variant.ts';

const all = 0xffff_ffff;
const allMeters = 0xffff_ffff;
const experimenterCode = 0xffff;
const onf = 0x4f4e4600;

/** Selects the flows of a table (255: all tables) whose match is `match` or narrower. */
const flowFilter = {
  table: withDefault(u8, 0xff),
  _: pad(3),
  out_port: withDefault(u32, reservedPorts.any),
  out_group: withDefault(u32, all),
  __: pad(4),
  cookie: withDefault(u64, 0n),
  cookie_mask: withDefault(u64, 0n),
  match: withDefault(match, {}),
};

const requests = {
  desc: variant(0, {}),
  flow: variant(1, flowFilter),
  aggregate: variant(2, flowFilter),
  table: variant(3, {}),
  port_stats: variant(4, { port: withDefault(u32, reservedPorts.any), _: pad(4) }),
  group_desc: variant(7, {}),
  meter_config: variant(10, { meter: withDefault(u32, allMeters), _: pad(4) }),
  port_desc: variant(13, {}),
  flow_monitor: variantOf(extension(onf, 1870), flowMonitor),
};

const flowStats = sized(
  layout({
    table: u8,
    _: pad(1),
    duration_sec: u32,
    duration_nsec: u32,
    priority: u16,
    idle_timeout: u16,
    hard_timeout: u16,
    flags: u16,
    __: pad(4),
    cookie: u64,
    packet_count: u64,
    byte_count: u64,
    match,
    instructions: instructionList,
  }),
);

const tableStats = layout({ table: u8, _: pad(3), active_count: u32, lookup_count: u64, matched_count: u64 });

const portStats = layout({
  port: u32,
  _: pad(4),
  rx_packets: u64,
  tx_packets: u64,
  rx_bytes: u64,
  tx_bytes: u64,
  rx_dropped: u64,
  tx_dropped: u64,
  rx_errors: u64,
  tx_errors: u64,
  rx_frame_err: u64,
  rx_over_err: u64,
  rx_crc_err: u64,
  collisions: u64,
  duration_sec: u32,
  duration_nsec: u32,
});

const groupDesc = sized(layout({ group_type: groupType, _: pad(1), group: u32, buckets }));

const meterConfig = sized(layout({ flags: u16, meter: u32, bands }));

const replies = {
  desc: variant(0, {
    manufacturer: textOf(256),
    hardware: textOf(256),
    software: textOf(256),
    serial_number: textOf(32),
    datapath: textOf(256),
  }),
  flow: variant(1, { entries: listOf(flowStats) }),
  aggregate: variant(2, { packet_count: u64, byte_count: u64, flow_count: u32, _: pad(4) }),
  table: variant(3, { entries: listOf(tableStats) }),
  port_stats: variant(4, { entries: listOf(portStats) }),
  group_desc: variant(7, { entries: listOf(groupDesc) }),
  meter_config: variant(10, { entries: listOf(meterConfig) }),
  port_desc: variant(13, { entries: listOf(port) }),
  flow_monitor: variant(extension(onf, 1870), { entries: flowUpdates }),
};

/** A kind of multipart that is not in the table. */
interface OtherMultipart {
  readonly type: 'other';
  readonly code: number;
  readonly body: Uint8Array;
}

export type MultipartRequest = OneOf<typeof requests> | OtherMultipart;
export type MultipartReply = OneOf<typeof replies> | OtherMultipart;
export type PortDescription = Value<typeof port>;
export type MeterConfig = Value<typeof meterConfig>;

interface Multipart<T> {
  /** 1 if more parts follow. */
  readonly flags?: number;
  readonly body: T;
}

/** A message with one of these bodies: number, flags, body. */
function multipart<T extends { readonly type: string }>(variants: Variants<T>): Field<Multipart<T | OtherMultipart>> {
  return {
    read: (from: Reader) => {
      const code = from.u16();
      const flags = from.u16();
      from.take(4);
      const body = readBody(variants, code, from) ?? { type: 'other' as const, code, body: from.rest() };
      return { ...(flags !== 0 && { flags }), body };
    },
    write: (to: Writer, { flags = 0, body }) => {
      if (isOther(body)) {
        to.u16(body.code).u16(flags).zeros(4).bytes(body.body);
        return;
      }
      const { code, codec } = variants.of(body);
      to.u16(isExtension(code) ? experimenterCode : code)
        .u16(flags)
        .zeros(4);
      if (isExtension(code)) to.u32(experimenterOf(code)).u32(subtypeOf(code));
      codec.write(to, body);
    },
  };
}

/** Reads the body with this number. The body of an extension follows its own number. */
function readBody<T extends { readonly type: string }>(
  variants: Variants<T>,
  code: number,
  from: Reader,
): T | undefined {
  if (code !== experimenterCode) return variants.read(code, from);
  if (from.remaining < 8) return undefined;
  const head = new Reader(from.peek());
  const [experimenter, subtype] = [head.u32(), head.u32()];
  const own = extension(experimenter, subtype);
  if (subtype > 0xffff || variants.nameOf(own) === undefined) return undefined;
  from.take(8);
  return variants.read(own, from);
}

function isOther(body: { readonly type: string }): body is OtherMultipart {
  return body.type === 'other';
}

export const multipartRequest = multipart(new Variants<OneOf<typeof requests>>('multipart request', requests));
export const multipartReply = multipart(new Variants<OneOf<typeof replies>>('multipart reply', replies));
