import type { Field, Reader, Writer } from '@openvnet/wire';
import { type FieldName, fieldOf, fieldsByName, type OrderedField } from './fields.ts';
import { writeQuad } from './match.ts';

/** Consecutive bits of a field. `offset` counts from the lowest bit. */
export interface Subfield {
  readonly field: FieldName;
  readonly offset: number;
  readonly bits: number;
}

/** A subfield as offset and size in 16 bits and then the field's header: `ofs_nbits` of Open vSwitch. */
export const subfield: Field<Subfield> = {
  size: 6,
  read: (from) => {
    const place = from.u16();
    return checked(readHeader(from), place >>> 6, (place & 0x3f) + 1, from);
  },
  write: (to, part) => {
    to.u16(placeOf(part)).u32(headerOf(part.field, part.offset, part.bits));
  },
};

/** A 16-bit number, or the subfield that holds it. The header of the field comes first, 0 for a number. */
export const numberOrSubfield: Field<number | Subfield> = {
  size: 6,
  read: (from) => {
    const header = from.u32();
    const place = from.u16();
    return header === 0 ? place : checked(fieldWith(header, from), place >>> 6, (place & 0x3f) + 1, from);
  },
  write: (to, value) => {
    if (typeof value === 'number') to.u32(0).u16(value);
    else to.u32(headerOf(value.field, value.offset, value.bits)).u16(placeOf(value));
  },
};

/** 64 bits, read as a bigint; a number is accepted for writing. */
export const quad: Field<number | bigint> = { size: 8, read: (from) => from.u64(), write: (to, v) => writeQuad(v, to) };

/** Offset and size in 16 bits. */
function placeOf({ field, offset, bits }: Subfield): number {
  if (bits > 64) throw new RangeError(`${bits} bits of ${field}: at most 64 are allowed`);
  return (offset << 6) | (bits - 1);
}

/** The header of `field`. Throws if the bits are not within the field. */
export function headerOf(name: FieldName, offset: number, bits: number): number {
  const field = fieldsByName.get(name);
  if (field === undefined) throw new RangeError(`unknown field ${name}`);
  if (field.experimenter !== 0) throw new RangeError(`${name} cannot be part of this action`);
  if (offset < 0 || bits < 1 || offset + bits > field.bits) {
    throw new RangeError(`${name} has no bits ${offset} to ${offset + bits - 1}`);
  }
  return field.actionHeader;
}

/** Reads a header without a mask. */
export function readHeader(from: Reader): OrderedField {
  return fieldWith(from.u32(), from);
}

function fieldWith(header: number, from: Reader): OrderedField {
  const field = fieldOf(header, 0);
  if (field === undefined || (field.header !== header && field.actionHeader !== header)) {
    from.fail(`field ${header.toString(16)} is not known`);
  }
  return field;
}

/** The subfield. Throws if its bits are not within the field. */
export function checked(field: OrderedField, offset: number, bits: number, from: Reader): Subfield {
  if (bits < 1 || offset + bits > field.bits) from.fail(`${field.name} has no bits ${offset} to ${offset + bits - 1}`);
  return { field: field.name, offset, bits };
}

// Comparing a number with a bigint is slow, so there is a limit of each type.
const limits = Array.from({ length: 65 }, (_, bits) => 2 ** bits);
const wideLimits = Array.from({ length: 65 }, (_, bits) => 1n << BigInt(bits));

function fits(value: number | bigint, bits: number): boolean {
  return typeof value === 'number' ? value >= 0 && value < limits[bits]! : value >= 0n && value < wideLimits[bits]!;
}

/** `reg_load`: a number into a subfield. */
export const load: Field<{ readonly to: Subfield; readonly value: number | bigint }> = {
  read: (from) => ({ to: subfield.read(from), value: from.u64() }),
  write: (to, { to: part, value }) => {
    subfield.write(to, part);
    if (!fits(value, part.bits)) {
      throw new RangeError(`${value} does not fit ${part.bits} bits of ${part.field}`);
    }
    writeQuad(value, to);
  },
};

/** `reg_move`: from one subfield to another of the same size. */
export const move: Field<{ readonly from: Subfield; readonly to: Subfield }> = {
  read: (from) => {
    const bits = from.u16();
    const sourceOffset = from.u16();
    const targetOffset = from.u16();
    const source = readHeader(from);
    const target = readHeader(from);
    return { from: checked(source, sourceOffset, bits, from), to: checked(target, targetOffset, bits, from) };
  },
  write: (to, { from: source, to: target }) => {
    if (source.bits !== target.bits) throw new RangeError(`${source.bits} bits cannot be moved to ${target.bits}`);
    to.u16(source.bits).u16(source.offset).u16(target.offset);
    to.u32(headerOf(source.field, source.offset, source.bits)).u32(headerOf(target.field, target.offset, target.bits));
  },
};

/** The subfield that is pushed to the stack or popped from it. */
export const stacked: Field<Subfield> = {
  read: (from) => {
    const offset = from.u16();
    const field = readHeader(from);
    const bits = from.u16();
    from.take(6);
    return checked(field, offset, bits, from);
  },
  write: (to: Writer, { field, offset, bits }) => {
    to.u16(offset)
      .u32(headerOf(field, offset, bits))
      .u16(bits)
      .zeros(6);
  },
};

/** The bit that receives the result of a check. */
export const resultBit: Field<Subfield> = {
  read: (from) => {
    const offset = from.u16();
    const field = readHeader(from);
    from.take(6);
    return checked(field, offset, 1, from);
  },
  write: (to, { field, offset, bits }) => {
    if (bits !== 1) throw new RangeError(`a result takes 1 bit, not ${bits}`);
    to.u16(offset)
      .u32(headerOf(field, offset, bits))
      .zeros(6);
  },
};
