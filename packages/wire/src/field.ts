import type { Reader } from './reader.ts';
import type { Writer } from './writer.ts';

/** How one value is read and written. `size` is its length in bytes, if every value has the same length. */
export interface Field<T> {
  readonly read: (from: Reader) => T;
  readonly write: (to: Writer, value: T) => void;
  readonly size?: number;
}

/** The type of a field's value. */
export type Value<F> = F extends Field<infer T> ? T : never;

export const u8: Field<number> = { size: 1, read: (from) => from.u8(), write: (to, value) => to.u8(value) };
export const u16: Field<number> = { size: 2, read: (from) => from.u16(), write: (to, value) => to.u16(value) };
export const u32: Field<number> = { size: 4, read: (from) => from.u32(), write: (to, value) => to.u32(value) };
export const u48: Field<number> = { size: 6, read: (from) => from.u48(), write: (to, value) => to.u48(value) };
export const u64: Field<bigint> = { size: 8, read: (from) => from.u64(), write: (to, value) => to.u64(value) };

/** Exactly `size` bytes, read as a view. */
export function bytes(size: number): Field<Uint8Array> {
  return {
    size,
    read: (from) => from.bytes(size),
    write: (to, value) => {
      if (value.length !== size) throw new RangeError(`${size} bytes expected, ${value.length} given`);
      to.bytes(value);
    },
  };
}

/** Everything up to the end of the reader, read as a view. */
export const rest: Field<Uint8Array> = {
  read: (from) => from.rest(),
  write: (to, value) => {
    to.bytes(value);
  },
};

/** `size` bytes of padding: written as zeros, ignored when read. */
export function pad(size: number): Field<undefined> {
  return {
    size,
    read: (from) => {
      from.take(size);
      return undefined;
    },
    write: (to) => {
      to.zeros(size);
    },
  };
}

/** Any field at all: `never` is what every `write` takes. */
interface AnyField {
  readonly read: (from: Reader) => unknown;
  readonly write: (to: Writer, value: never) => void;
  readonly size?: number;
}
type Fields = Readonly<Record<string, AnyField>>;
type Padding<F extends Fields> = { [K in keyof F]: F[K] extends Field<undefined> ? K : never }[keyof F];

/** The plain object that a struct of these fields reads and writes. Padding has no key. */
export type Struct<F extends Fields> = { -readonly [K in Exclude<keyof F, Padding<F>>]: Value<F[K]> };

/** Fields one after the other, in the order of their declaration. */
export function struct<const F extends Fields>(fields: F): Field<Struct<F>> {
  const entries = Object.entries(fields) as unknown as [string, Field<unknown>][];
  const sizes = entries.map(([, field]) => field.size);
  const read = (from: Reader): Struct<F> => {
    const value: Record<string, unknown> = {};
    for (const [name, field] of entries) {
      const part = field.read(from);
      if (part !== undefined) value[name] = part;
    }
    return value as Struct<F>;
  };
  const write = (to: Writer, value: Struct<F>): void => {
    for (const [name, field] of entries) field.write(to, (value as Record<string, unknown>)[name]);
  };
  return sizes.includes(undefined) ? { read, write } : { read, write, size: sizes.reduce<number>((a, b) => a + b!, 0) };
}
