import type { Reader, Writer } from '@openvnet/wire';
import { type FieldName, fieldOf, fieldsByName, type OrderedField } from './fields.ts';

/**
 * The required value of a field. MAC addresses, IPv4 addresses, ports and the like are numbers in host order; fields above 48
 * bits are bigints, for which a number is accepted. Zero bits of a mask are not compared.
 */
export type MatchValue = number | bigint | { readonly value: number | bigint; readonly mask: number | bigint };

/** The conditions of a match; all must hold. */
export type Match = { readonly [K in FieldName]?: MatchValue };

const oxmClassExperimenter = 0xffff;
const matchTypeOxm = 1;
// The fields of the current match. Reused, because hundreds of thousands of flows are written.
const chosen: OrderedField[] = [];

/**
 * Writes an `ofp_match` with its padding. The bytes are those that Open vSwitch returns, whatever the order of the
 * keys: bits outside a mask are zero; a mask of all bits, and a field whose mask is zero, are left out. Throws
 * `RangeError` for a value that does not fit. OpenFlow 1.3.5, 7.2.3.
 */
export function encodeMatch(match: Match, to: Writer): void {
  const start = to.size;
  to.u16(matchTypeOxm).u16(0);
  encodeFields(match, to);
  to.patchU16(start + 2, to.size - start).align(8, start);
}

/** Reads an `ofp_match` with its padding; `unknown` as for `decodeFields`. */
export function decodeMatch(from: Reader, unknown: 'refuse' | 'skip' = 'refuse'): Match {
  const type = from.u16();
  if (type !== matchTypeOxm) from.fail(`unknown match type ${type}`);
  const size = from.u16();
  if (size < 4) from.fail(`a match of ${size} bytes`);
  const match = decodeFields(from.sub(size - 4), unknown);
  from.take((8 - (size % 8)) % 8);
  return match;
}

/** Writes the fields of `match` alone, without header and padding. */
export function encodeFields(match: Match, to: Writer): void {
  let length = 0;
  for (const name in match) {
    if (match[name as FieldName] === undefined) continue;
    const field = fieldsByName.get(name);
    if (field === undefined) throw new RangeError(`unknown match field ${name}`);
    if (field.actionsOnly) throw new RangeError(`${name} is for actions only: match the field of which it is a view`);
    let at = length++;
    for (; at > 0 && chosen[at - 1]!.order > field.order; at--) chosen[at] = chosen[at - 1]!;
    chosen[at] = field;
  }
  for (let i = 0; i < length; i++) {
    const field = chosen[i]!;
    const value = match[field.name]!;
    if (typeof value === 'object') encodeMasked(field, value.value, value.mask, to);
    else encodeField(field, value, to);
  }
}

/**
 * Reads fields up to the end of `from`. Unknown fields may be skipped in the metadata of a packet, but not in the match
 * of a flow.
 */
export function decodeFields(from: Reader, unknown: 'refuse' | 'skip'): Match {
  const match: Record<string, MatchValue> = {};
  while (from.remaining > 0) {
    const header = from.u32();
    const body = from.sub(header & 0xff);
    const field = fieldOf(header, header >>> 16 === oxmClassExperimenter ? body.u32() : 0);
    if (field === undefined || field.actionsOnly) {
      if (unknown === 'skip') continue;
      from.fail(`match field ${header.toString(16).padStart(8, '0')} is not known`);
    }
    if (match[field.name] !== undefined) from.fail(`${field.name} occurs twice in a match`);
    const value = readValue(field, body);
    if ((header & 0x100) === 0) match[field.name] = value;
    else if (field.maskable) match[field.name] = { value, mask: readValue(field, body) };
    else from.fail(`${field.name} with a mask`);
    body.end(field.name);
  }
  return match;
}

/** Writes one field without a mask; throws `RangeError` if the value is wider than the field. */
export function encodeField(field: OrderedField, value: number | bigint, to: Writer): void {
  to.u32(field.header);
  if (field.experimenter !== 0) to.u32(field.experimenter);
  writeValue(field, value, to);
}

/** Reads one field without a mask, with its name. */
export function decodeField(from: Reader): { field: FieldName; value: number | bigint } {
  const header = from.u32();
  const body = from.sub(header & 0xff);
  const field = fieldOf(header, header >>> 16 === oxmClassExperimenter ? body.u32() : 0);
  if (field === undefined || (header & 0x100) !== 0) from.fail(`${header.toString(16)} is not a field that can be set`);
  const value = readValue(field, body);
  body.end(field.name);
  return { field: field.name, value };
}

function encodeMasked(field: OrderedField, value: number | bigint, mask: number | bigint, to: Writer): void {
  if (field.size > 6) {
    const bits = BigInt(mask);
    if (bits === field.full) encodeField(field, value, to);
    else if (bits !== 0n) writeMasked(field, BigInt(value) & bits, bits, to);
    return;
  }
  const bits = Number(mask);
  if (bits === field.full) encodeField(field, value, to);
  else if (bits !== 0) writeMasked(field, bitAnd(Number(value), bits), bits, to);
}

function writeMasked(field: OrderedField, value: number | bigint, mask: number | bigint, to: Writer): void {
  if (!field.maskable) throw new RangeError(`${field.name} cannot be matched with a mask`);
  to.u32(field.maskedHeader);
  if (field.experimenter !== 0) to.u32(field.experimenter);
  writeValue(field, value, to);
  writeValue(field, mask, to);
}

function writeValue(field: OrderedField, value: number | bigint, to: Writer): void {
  if (!(value >= 0 && value <= field.full))
    throw new RangeError(`${field.name}: ${value} does not fit ${field.bits} bits`);
  const { size } = field;
  if (size === 4) to.u32(value as number);
  else if (size === 2) to.u16(value as number);
  else if (size === 1) to.u8(value as number);
  else if (size === 6) to.u48(value as number);
  else if (size === 8) writeQuad(value, to);
  else to.u64(BigInt(value) >> 64n).u64(BigInt(value) & 0xffff_ffff_ffff_ffffn);
}

/** Writes 64 bits, from a number or a bigint. */
export function writeQuad(value: number | bigint, to: Writer): void {
  if (typeof value === 'bigint') to.u64(value);
  else to.u32(Math.floor(value / 0x1_0000_0000)).u32(value % 0x1_0000_0000);
}

function readValue(field: OrderedField, from: Reader): number | bigint {
  const value = readBits(field.size, from);
  if (value > field.full) from.fail(`${field.name}: ${value} does not fit ${field.bits} bits`);
  return value;
}

function readBits(size: number, from: Reader): number | bigint {
  switch (size) {
    case 1:
      return from.u8();
    case 2:
      return from.u16();
    case 4:
      return from.u32();
    case 6:
      return from.u48();
    case 8:
      return from.u64();
    default:
      return (from.u64() << 64n) | from.u64();
  }
}

/** `&` for up to 48 bits. */
function bitAnd(a: number, b: number): number {
  if (a <= 0xffff_ffff && b <= 0xffff_ffff) return (a & b) >>> 0;
  const high = Math.floor(a / 0x1_0000_0000) & Math.floor(b / 0x1_0000_0000);
  return high * 0x1_0000_0000 + ((a & b) >>> 0);
}
