import type { Field, Reader, Value, Writer } from '@openvnet/wire';

/** One variant of a tagged union: its number on the wire and the codec of the bytes after that number. */
export interface Variant<T> {
  readonly code: number;
  readonly codec: Field<T>;
}

/** An optional field: `absent` is written in its place. */
interface Omissible<T> extends Field<T> {
  readonly absent: unknown;
}

/** Any field at all: `never` is what every `write` takes. */
export interface AnyField {
  readonly read: (from: Reader) => unknown;
  readonly write: (to: Writer, value: never) => void;
}
/** Any variant at all. */
interface AnyVariant {
  readonly code: number;
  readonly codec: AnyField;
}
type Fields = Readonly<Record<string, AnyField>>;
type Padding<F extends Fields> = { [K in keyof F]: F[K] extends Field<undefined> ? K : never }[keyof F];
type MayBeAbsent<F extends Fields> = { [K in keyof F]: F[K] extends { readonly absent: unknown } ? K : never }[keyof F];
type Flat<T> = { [K in keyof T]: T[K] };

/** The plain object that these fields read and write. Padding has no key in it. */
export type Layout<F extends Fields> = Flat<
  { readonly [K in Exclude<keyof F, Padding<F> | MayBeAbsent<F>>]: Value<F[K]> } & {
    readonly [K in MayBeAbsent<F>]?: Value<F[K]>;
  }
>;

/** The tagged objects of a table of variants. */
export type OneOf<V> = {
  [K in keyof V]: V[K] extends Variant<infer T> ? Flat<{ readonly type: K } & T> : never;
}[keyof V];

/** `field`, written as `absent` if it is missing; always present when read. */
export function withDefault<T>(field: Field<T>, absent: NoInfer<T>): Omissible<T> {
  return { ...field, absent, write: (to, value) => field.write(to, value ?? absent) };
}

/** `field`, with `absent` on the wire for a missing value. */
export function optional<T>(field: Field<T>, absent: NoInfer<T>): Omissible<T> {
  return {
    ...field,
    absent,
    read: (from) => {
      const value = field.read(from);
      return value === absent ? (undefined as T) : value;
    },
    write: (to, value) => field.write(to, value ?? absent),
  };
}

/** A number with names: an array gives them from 0 on, an object gives number by name. */
export function named<const N extends string>(
  field: Field<number>,
  names: readonly N[] | Readonly<Record<N, number>>,
): Field<N> {
  const pairs = Object.entries(names).map(([key, value]) => (typeof value === 'number' ? [key, value] : [value, +key]));
  const codes = new Map(pairs as [N, number][]);
  const back = new Map([...codes].map(([name, code]) => [code, name]));
  return {
    ...field,
    read: (from) => {
      const code = field.read(from);
      return back.get(code) ?? from.fail(`${code} is none of ${[...codes.keys()].join(', ')}`);
    },
    write: (to, name) => {
      const code = codes.get(name);
      if (code === undefined) throw new RangeError(`${name} is none of ${[...codes.keys()].join(', ')}`);
      field.write(to, code);
    },
  };
}

/** A number whose bits have names: bits that are set are `true`, the others are missing. */
export function flagBits<const N extends string>(
  field: Field<number>,
  bits: Readonly<Record<N, number>>,
): Field<{ readonly [K in N]?: boolean }> {
  const pairs = Object.entries(bits) as [N, number][];
  return {
    read: (from) => {
      const number = field.read(from);
      const set = pairs.filter(([, bit]) => (number & bit) !== 0).map(([name]) => [name, true]);
      return Object.fromEntries(set) as { [K in N]?: boolean };
    },
    write: (to, value) => {
      field.write(
        to,
        pairs.reduce((number, [name, bit]) => (value[name] ? number | bit : number), 0),
      );
    },
  };
}

/** Two consecutive codecs that fill one object. */
export function inTurn<A extends object, B extends object>(first: Field<A>, second: Field<B>): Field<Flat<A & B>> {
  return {
    read: (from) => ({ ...first.read(from), ...second.read(from) }) as Flat<A & B>,
    write: (to, value) => {
      first.write(to, value as A);
      second.write(to, value as B);
    },
  };
}

/** `item`, repeated up to the end of the reader. An item takes at least one byte. */
export function listOf<T>(item: Field<T>): Field<readonly T[]> {
  return {
    read: (from) => {
      const items: T[] = [];
      while (from.remaining > 0) items.push(item.read(from));
      return items;
    },
    write: (to, items) => {
      for (const one of items) item.write(to, one);
    },
  };
}

/** Consecutive fields, like `struct` of wire, some of them optional. */
export function layout<const F extends Fields>(fields: F): Field<Layout<F>> {
  const entries = Object.entries(fields) as unknown as [string, Field<unknown>][];
  return {
    read: (from) => {
      const value: Record<string, unknown> = {};
      for (const [name, field] of entries) {
        const part = field.read(from);
        if (part !== undefined) value[name] = part;
      }
      return value as Layout<F>;
    },
    write: (to, value) => {
      for (const entry of entries) entry[1].write(to, (value as Record<string, unknown>)[entry[0]]);
    },
  };
}

/** A variant of these fields. */
export function variant<const F extends Fields>(code: number, fields: F): Variant<Layout<F>> {
  return { code, codec: layout(fields) };
}

/** A variant with its own reading and writing code. */
export function variantOf<T extends object>(code: number, codec: Field<T>): Variant<T> {
  return { code, codec };
}

/**
 * The number of an extension, from its experimenter and subtype. It is above all plain numbers, so that one table can hold
 * both.
 */
export function extension(experimenter: number, subtype: number): number {
  return (experimenter + 1) * 0x1_0000 + subtype;
}

/** Whether `code` is the number of an extension, which `experimenterOf` and `subtypeOf` split. */
export function isExtension(code: number): boolean {
  return code >= 0x1_0000;
}

export function experimenterOf(code: number): number {
  return Math.floor(code / 0x1_0000) - 1;
}

export function subtypeOf(code: number): number {
  return code % 0x1_0000;
}

/** Looks up variants by number and by name. The caller handles the bytes around them. */
export class Variants<T extends { readonly type: string }> {
  readonly #byName = new Map<string, Variant<object>>();
  readonly #byCode = new Map<number, [string, Field<object>]>();
  readonly #what: string;

  /** `what` names the kind of variant in messages. */
  constructor(what: string, table: Readonly<Record<string, AnyVariant>>) {
    this.#what = what;
    for (const [name, { code, codec }] of Object.entries(table)) {
      if (this.#byCode.has(code)) throw new Error(`${what} ${name} has the number of another ${what}`);
      this.#byName.set(name, { code, codec: codec as unknown as Field<object> });
      this.#byCode.set(code, [name, codec as unknown as Field<object>]);
    }
  }

  /** The variant of `value`; throws `RangeError` if the table has none. */
  of(value: { readonly type: string }): Variant<object> {
    const found = this.#byName.get(value.type);
    if (found === undefined) throw new RangeError(`no ${this.#what} is named ${value.type}`);
    return found;
  }

  /** The names of all, in table order. */
  get names(): readonly string[] {
    return [...this.#byName.keys()];
  }

  /** The name of `code`, if it is in the table. */
  nameOf(code: number): string | undefined {
    return this.#byCode.get(code)?.[0];
  }

  /** Reads the bytes after `code`, up to the end of `from`; `undefined` if the table has no such number. */
  read(code: number, from: Reader): T | undefined {
    const found = this.#byCode.get(code);
    return found && ({ type: found[0], ...found[1].read(from) } as unknown as T);
  }
}
