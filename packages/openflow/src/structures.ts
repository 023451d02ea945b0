/** Structures that several messages share. OpenFlow 1.3.5, 7.2 and 7.3. */
import { type Field, pad, type Reader, u8, u16, u32, u48, type Writer } from '@openvnet/wire';
import { type Action, decodeActions, encodeActions, reservedPorts } from './actions.ts';
import { decodeInstructions, encodeInstructions, type Instruction } from './instructions.ts';
import { decodeFields, decodeMatch, encodeFields, encodeMatch, type Match } from './match.ts';
import { layout, listOf, named, withDefault } from './variant.ts';

/** An `ofp_match` with its padding. */
export const match: Field<Match> = { read: (from) => decodeMatch(from), write: (to, value) => encodeMatch(value, to) };

/** The same for a packet; unknown fields are skipped. */
export const packetMatch: Field<Match> = { ...match, read: (from) => decodeMatch(from, 'skip') };

/** The fields of a packet, without header; unknown fields are skipped. */
export const metadataFields: Field<Match> = {
  read: (from) => decodeFields(from, 'skip'),
  write: (to, value) => encodeFields(value, to),
};

/** Actions up to the end of the message. */
export const actionList: Field<readonly Action[]> = {
  read: decodeActions,
  write: (to, list) => encodeActions(list, to),
};

/** Instructions up to the end of the message. */
export const instructionList: Field<readonly Instruction[]> = {
  read: decodeInstructions,
  write: (to, list) => encodeInstructions(list, to),
};

/** Text in `size` bytes, ended by the first zero; each character is one byte. */
export function textOf(size: number): Field<string> {
  return {
    size,
    read: (from) => {
      const bytes = Buffer.from(from.bytes(size));
      const end = bytes.indexOf(0);
      return bytes.toString('latin1', 0, end < 0 ? size : end);
    },
    write: (to, text) => {
      if (text.length > size) throw new RangeError(`${text} is longer than ${size} characters`);
      to.latin1(text).zeros(size - text.length);
    },
  };
}

/** `item`, preceded by the 16-bit length of the whole. */
export function sized<T>(item: Field<T>): Field<T> {
  return {
    read: (from) => {
      const size = from.u16();
      const body = from.sub(size - 2);
      const value = item.read(body);
      body.end('a structure with a length');
      return value;
    },
    write: (to, value) => {
      const start = to.size;
      to.u16(0);
      item.write(to, value);
      to.patchU16(start, to.size - start);
    },
  };
}

/** `ofp_port`. The bits of `config`, `state` and the features are OpenFlow's; speeds are in kbit/s. */
export const port = layout({
  port: u32,
  _: pad(4),
  hw_addr: u48,
  __: pad(2),
  name: textOf(16),
  config: u32,
  state: u32,
  current: u32,
  advertised: u32,
  supported: u32,
  peer: u32,
  current_speed: u32,
  max_speed: u32,
});

/** Bits of `config` and of `state` of a port. */
export const portConfig = { port_down: 1, no_recv: 4, no_fwd: 32, no_packet_in: 64 } as const;
export const portState = { link_down: 1, blocked: 2, live: 4 } as const;

export const groupType = named(u8, ['all', 'select', 'indirect', 'ff']);

/** One bucket of a group. */
const bucket = sized(
  layout({
    weight: withDefault(u16, 0),
    watch_port: withDefault(u32, reservedPorts.any),
    watch_group: withDefault(u32, 0xffff_ffff),
    _: pad(4),
    actions: actionList,
  }),
);
export const buckets = listOf(bucket);

/** The action of a meter above `rate`; the flags of the meter give the unit. */
export type MeterBand =
  | { readonly type: 'drop'; readonly rate: number; readonly burst_size?: number }
  | {
      readonly type: 'dscp_remark';
      readonly rate: number;
      readonly burst_size?: number;
      readonly prec_level: number;
    };

const band: Field<MeterBand> = { read: readBand, write: writeBand };
export const bands = listOf(band);

/** Bits of the flags of a meter. */
export const meterFlags = { kbps: 1, pktps: 2, burst: 4, stats: 8 } as const;

function readBand(from: Reader): MeterBand {
  const type = from.u16();
  const body = from.sub(from.u16() - 4);
  const limits = { rate: body.u32(), burst_size: body.u32() };
  const prec_level = body.u8();
  body.take(3);
  body.end('a meter band');
  if (type === 1) return { type: 'drop', ...limits };
  return type === 2 ? { type: 'dscp_remark', ...limits, prec_level } : from.fail(`unknown meter band ${type}`);
}

function writeBand(to: Writer, value: MeterBand): void {
  const remark = value.type === 'dscp_remark';
  to.u16(remark ? 2 : 1).u16(16);
  to.u32(value.rate).u32(value.burst_size ?? 0);
  to.u8(remark ? value.prec_level : 0).zeros(3);
}
