import type { Field, Reader, Writer } from '@openvnet/wire';
import type { AnyField } from './variant.ts';

/** One property of a list: its number, and its value without the four-byte header. */
interface Property<T> {
  readonly code: number;
  readonly field: Field<T>;
}
interface AnyProperty {
  readonly code: number;
  readonly field: AnyField;
}
type Table = Readonly<Record<string, AnyProperty>>;

/** The plain object of these properties, all optional. */
type Properties<P> = { readonly [K in keyof P]?: P[K] extends Property<infer T> ? T : never };

export function property<T>(code: number, field: Field<T>): Property<T> {
  return { code, field };
}

/** The value of a property without content. */
export const present: Field<true> = { read: () => true, write: () => {} };

/** `field` and the padding after it that counts in the length of the property. */
export function padded<T>(field: Field<T>, size: number): Field<T> {
  return {
    read: (from) => {
      const value = field.read(from);
      from.take(size);
      return value;
    },
    write: (to, value) => {
      field.write(to, value);
      to.zeros(size);
    },
  };
}

/**
 * Properties up to the end of the reader, each with its number and length and then zeros up to a multiple of eight
 * bytes. They are written in table order; numbers that are not in the table are skipped. OpenFlow 1.4, 7.2.
 */
export function properties<const P extends Table>(table: P): Field<Properties<P>> {
  const entries = Object.entries(table) as unknown as [string, Property<unknown>][];
  const byCode = new Map(entries.map(([name, { code, field }]) => [code, { name, field }]));
  return {
    read: (from: Reader) => {
      const values: Record<string, unknown> = {};
      while (from.remaining > 0) {
        const code = from.u16();
        const size = from.u16();
        if (size < 4) from.fail(`a property of ${size} bytes`);
        const body = from.sub(size - 4);
        from.take(Math.min((8 - (size % 8)) % 8, from.remaining));
        const known = byCode.get(code);
        if (known !== undefined) values[known.name] = known.field.read(body);
      }
      return values as Properties<P>;
    },
    write: (to: Writer, values) => {
      for (const [name, { code, field }] of entries) {
        const value = (values as Record<string, unknown>)[name];
        if (value === undefined) continue;
        const start = to.size;
        to.u16(code).u16(0);
        field.write(to, value);
        to.patchU16(start + 2, to.size - start).align(8, start);
      }
    },
  };
}
