import { readable } from './errors.ts';
import { ipv4ToText, isUnicastMac, macToText, parseDatapathId, parseIpv4, parseMac, timeToText } from './text.ts';

/** What every kind of field takes beside what is its own. */
export interface FieldOptions<S> {
  readonly doc: string;
  /** May be absent; it is then null, or `default`. */
  readonly optional?: boolean;
  readonly default?: S;
  /** Cannot be changed once the object exists. */
  readonly immutable?: boolean;
  /** Written by the manager alone: answers show it, and no request may hold it. */
  readonly derived?: boolean;
  /** Objects are looked up by it. References always are. */
  readonly indexed?: boolean;
  /** Older names of the parameter, which are taken as well. */
  readonly aliases?: readonly string[];
}

/**
 * A parameter of the API and the column it is kept in. A kind of field answers for itself on every surface: `read` makes
 * what is stored of what a request holds (text of a form, or a JSON value), `render` gives what an answer shows.
 */
export interface Field<S = unknown, Optional extends boolean = boolean> extends FieldOptions<S> {
  readonly type: 'text' | 'integer' | 'boolean' | 'ipv4' | 'ipv4List' | 'mac' | 'time' | 'dpid' | 'enum' | 'reference';
  readonly optional: Optional;
  /** What is stored for a value that a request holds; undefined if it cannot be taken, as `explain` says. */
  readonly read: (given: unknown) => S | undefined;
  /** What a request may hold, as JSON Schema says it. */
  readonly json: Readonly<Record<string, unknown>>;
  readonly column: 'integer' | 'text' | 'boolean';
  readonly render: (stored: S) => unknown;
  /** What people see where that is not what an answer shows. */
  readonly forPeople?: (stored: S) => string;
  /** Why `given` cannot be taken for the parameter `name`. */
  readonly explain: (given: unknown, name: string) => Complaint;
  /** A short word for the value, for help texts: `ADDRESS`, `NUMBER`. */
  readonly placeholder: string;
  /** `reference` only: the kind that is referred to, and how an answer shows it. */
  readonly to?: string;
  readonly show?: readonly ('id' | 'uuid')[];
  /** `enum` only. */
  readonly values?: readonly string[];
}

/** The original's words for a value that cannot be taken, and what it does not say: parameter and what is expected. */
export interface Complaint {
  readonly message: string;
  readonly hint: string;
}

type Nullable<S, O> = O extends { optional: true } ? (O extends { default: S } ? S : S | null) : S;
type OptionalOf<O> = O extends { optional: true } ? true : O extends { default: unknown } ? true : false;
type Made<T extends Field['type'], S, O> = Field<Nullable<S, O>, OptionalOf<O>> & { readonly type: T } & (O extends {
    immutable: true;
  }
    ? { readonly immutable: true }
    : unknown);

type Kind<S> = Pick<Field<S>, 'type' | 'column' | 'placeholder' | 'read' | 'json' | 'render' | 'forPeople'> & {
  /** The original's words about a value, by the parameter's name. */
  complaint: (given: unknown, name: string) => string;
  expects: string;
};

function make<const T extends Field['type'], S, const O extends FieldOptions<S>>(
  kind: Kind<S>,
  options: O,
): Made<T, S, O> {
  const { complaint, expects, ...rest } = kind;
  const explain = (given: unknown, name: string): Complaint => ({
    message: complaint(given, name),
    hint: `${name}: expected ${expects}`,
  });
  return {
    ...rest,
    ...options,
    explain,
    optional: options.optional === true || options.default !== undefined,
  } as unknown as Made<T, S, O>;
}

/** A complaint for people: what is wrong, and in parentheses what is expected. */
export function inOneLine({ message, hint }: Complaint): string {
  return `${readable(message)} (${hint})`;
}

/** `words` and the value, as the original puts it for addresses. */
function about(words: string): Kind<unknown>['complaint'] {
  return (given) => `${words}: ${shown(given)}`;
}

/** A value outside a list or a range: the original prints a hash of Ruby. `readable` undoes it. */
function outside(given: unknown, name: string): string {
  const value = typeof given === 'string' ? JSON.stringify(shown(given)) : shown(given);
  return `{:error=>"parameter validation failed", :parameter=>:${name}, :value=>${value}, :reason=>:in}`;
}

/** A value as an error message shows it: cut where it is long. */
function shown(given: unknown): string {
  const text = typeof given === 'string' ? given : inJson(given);
  return text.length > 80 ? `${text.slice(0, 80)}… (${text.length} characters)` : text;
}

/** A client may send a value that is too deep for it to be written again. */
function inJson(given: unknown): string {
  try {
    return JSON.stringify(given) ?? String(given);
  } catch {
    return `a deeply nested ${Array.isArray(given) ? 'list' : 'object'}`;
  }
}

/** Text of at most `max` characters. */
export function text<const O extends FieldOptions<string> & { max?: number; placeholder?: string }>(
  options: O,
): Made<'text', string, O> {
  const { max = 255, placeholder = 'TEXT', ...rest } = options;
  return make<'text', string, O>(
    {
      type: 'text',
      column: 'text',
      placeholder,
      json: { type: 'string', maxLength: max },
      read: (given) => {
        const value = isScalar(given) ? String(given) : undefined;
        // U+FFFD stands where the bytes were not UTF-8.
        const isText = value?.isWellFormed() && value.length <= max && !/[\0\ufffd]/.test(value);
        return isText ? value : undefined;
      },
      complaint: about('Could not read text'),
      expects: `at most ${max} characters of UTF-8`,
      render: (stored) => stored,
    },
    rest as unknown as O,
  );
}

/** A whole number from `min` to `max`; `0x`, `0b` and a leading `0` (octal) are understood. */
export function integer<const O extends FieldOptions<number> & { min: number; max: number; unit?: string }>(
  options: O,
): Made<'integer', number, O> {
  const { min, max, unit, ...rest } = options;
  return make<'integer', number, O>(
    {
      type: 'integer',
      column: 'integer',
      placeholder: 'NUMBER',
      json: { type: 'integer', minimum: min, maximum: max },
      read: (given) => {
        const value = parseInteger(given);
        return value !== undefined && value >= min && value <= max ? value : undefined;
      },
      complaint: (given, name) => {
        const value = parseInteger(given);
        return value === undefined ? about('Could not take number')(given, name) : outside(value, name);
      },
      expects: `a whole number from ${min} to ${max}${unit ? `, ${unit}` : ''}`,
      render: (stored) => stored,
    },
    rest as unknown as O,
  );
}

/** Yes or no, in any of the usual words. */
export function boolean<const O extends FieldOptions<boolean>>(options: O): Made<'boolean', boolean, O> {
  return make<'boolean', boolean, O>(
    {
      type: 'boolean',
      column: 'boolean',
      placeholder: 'true|false',
      json: { type: 'boolean' },
      read: (given) => (isScalar(given) ? booleanWords.get(String(given).toLowerCase()) : undefined),
      complaint: about('Could not read truth value'),
      expects: 'true or false',
      render: (stored) => Boolean(stored),
    },
    options,
  );
}

/** An IPv4 address; kept as a number in host order. What follows a slash is dropped. `numeric` shows it as the number. */
export function ipv4Address<const O extends FieldOptions<number> & { numeric?: boolean }>(
  options: O,
): Made<'ipv4', number, O> {
  return make<'ipv4', number, O>(
    {
      type: 'ipv4',
      column: 'integer',
      placeholder: 'ADDRESS',
      json: { type: 'string', format: 'ipv4' },
      read: (given) => {
        if (typeof given !== 'string') return undefined;
        const [address, length, ...more] = given.trim().split('/');
        if (more.length > 0 || (length !== undefined && parsePrefix(length) === undefined)) return undefined;
        return parseIpv4(address!);
      },
      complaint: about('Could not parse IPv4 address'),
      expects: 'four numbers from 0 to 255 without leading zeros, such as 172.16.1.1',
      render: (stored) => (options.numeric ? stored : ipv4ToText(stored)),
      forPeople: ipv4ToText,
    },
    options,
  );
}

/** Any number of IPv4 addresses with commas between them; kept as text, without white space. */
export function ipv4List<const O extends FieldOptions<string>>(options: O): Made<'ipv4List', string, O> {
  return make<'ipv4List', string, O>(
    {
      type: 'ipv4List',
      column: 'text',
      placeholder: 'ADDRESS,...',
      json: { type: 'string' },
      read: (given) => {
        const parts = Array.isArray(given) ? given : [given];
        if (!parts.every(isScalar)) return undefined;
        const text = parts.join().replace(/\s/g, '');
        if (text === '') return text;
        const addresses = text.split(',').map(parseIpv4);
        return addresses.includes(undefined) ? undefined : addresses.map((address) => ipv4ToText(address!)).join();
      },
      complaint: about('Could not parse IPv4 addresses'),
      expects: 'addresses such as 8.8.8.8 with commas between them',
      render: (stored) => stored,
    },
    options,
  );
}

/** A moment; kept as milliseconds since 1970, shown as `2026-01-31 12:00:00 UTC`. */
export function time<const O extends FieldOptions<number>>(options: O): Made<'time', number, O> {
  return make<'time', number, O>(
    {
      type: 'time',
      column: 'integer',
      placeholder: 'TIME',
      json: { type: 'string' },
      read: (given) => (typeof given === 'string' ? Date.parse(given) || undefined : undefined),
      complaint: about('Could not read time'),
      expects: 'a moment such as 2026-01-31 12:00:00 UTC',
      render: timeToText,
    },
    options,
  );
}

/** A MAC address; kept as a number of 48 bits. `numeric` shows it as the number; `unicast` takes those of one station only. */
export function macAddress<const O extends FieldOptions<number> & { numeric?: boolean; unicast?: boolean }>(
  options: O,
): Made<'mac', number, O> {
  return make<'mac', number, O>(
    {
      type: 'mac',
      column: 'integer',
      placeholder: 'MAC',
      json: { type: 'string', pattern: '^([0-9a-fA-F]{2}:){5}[0-9a-fA-F]{2}$' },
      read: (given) => {
        const mac = typeof given === 'string' ? parseMac(given.trim()) : undefined;
        return mac !== undefined && options.unicast && !isUnicastMac(mac) ? undefined : mac;
      },
      complaint: about('Could not parse MAC address'),
      expects: `${options.unicast ? 'the MAC address of one station, not broadcast or multicast: ' : ''}six bytes in hexadecimal, such as 52:54:00:0d:84:01`,
      render: (stored) => (options.numeric ? stored : macToText(stored)),
      forPeople: macToText,
    },
    options,
  );
}

/** The datapath id of a switch, in any usual spelling; kept as 16 hexadecimal digits. */
export function datapathId<const O extends FieldOptions<string>>(options: O): Made<'dpid', string, O> {
  return make<'dpid', string, O>(
    {
      type: 'dpid',
      column: 'text',
      placeholder: 'DPID',
      json: { type: 'string', pattern: '^(0x)?[0-9a-fA-F]{1,16}$' },
      read: (given) => (typeof given === 'string' ? parseDatapathId(given.trim()) : undefined),
      complaint: (given) => `dpid must be a 16 byte hexadecimal number. Got: ${JSON.stringify(shown(given))}`,
      expects: '1 to 16 hexadecimal digits, with or without 0x, such as 0x000002fdee8e0a44',
      render: (stored) => `0x${stored}`,
    },
    options,
  );
}

/** One of `values`. */
export function oneOf<const V extends string, const O extends FieldOptions<V>>(
  values: readonly V[],
  options: O,
): Made<'enum', V, O> {
  return make<'enum', V, O>(
    {
      type: 'enum',
      column: 'text',
      placeholder: values.join('|'),
      json: { type: 'string', enum: [...values] },
      read: (given) => values.find((value) => value === given),
      complaint: outside,
      expects: `one of ${values.join(', ')}`,
      render: (stored) => stored,
    },
    { ...options, values },
  ) as Made<'enum', V, O>;
}

/**
 * The uuid of another object, of kind `to`. The column holds its id: `network_uuid` is kept as `network_id`. Answers
 * show what `show` says. The object's existence is for whoever has the objects to check.
 */
export function reference<const O extends FieldOptions<number> & { to: string; show?: readonly ('id' | 'uuid')[] }>(
  options: O,
): Made<'reference', number, O> {
  return {
    type: 'reference',
    column: 'integer',
    placeholder: 'UUID',
    json: { type: 'string' },
    read: (given: unknown) => (isScalar(given) ? String(given) : undefined),
    explain: (given: unknown, name: string) => ({
      message: `Could not read uuid: ${shown(given)}`,
      hint: `${name}: expected a uuid`,
    }),
    render: (stored: number) => stored,
    show: ['id', 'uuid'],
    ...options,
    optional: options.optional === true,
  } as unknown as Made<'reference', number, O>;
}

function isScalar(given: unknown): given is string | number | boolean {
  return typeof given === 'string' || typeof given === 'number' || typeof given === 'boolean';
}

const booleanWords = new Map<string, boolean>([
  ...['y', 'yes', 't', 'true', '1'].map((word) => [word, true] as const),
  ...['n', 'no', 'f', 'false', '0'].map((word) => [word, false] as const),
]);

function parseInteger(given: unknown): number | undefined {
  if (typeof given === 'number') return Number.isSafeInteger(given) ? given : undefined;
  if (typeof given !== 'string') return undefined;
  const found = /^\s*([+-]?)(?:0x([0-9a-f]+)|0b([01]+)|0([0-7]+)|(\d+))\s*$/i.exec(given);
  if (!found) return undefined;
  const [, sign, hexadecimal, binary, octal, decimal] = found;
  const value = hexadecimal
    ? Number.parseInt(hexadecimal, 16)
    : binary
      ? Number.parseInt(binary, 2)
      : octal
        ? Number.parseInt(octal, 8)
        : Number(decimal);
  return Number.isSafeInteger(value) ? (sign === '-' ? -value : value) : undefined;
}

/** A prefix length, or a netmask in dotted form, as a number of bits; `undefined` if it is neither. */
export function parsePrefix(given: string): number | undefined {
  if (/^\d{1,2}$/.test(given)) return Number(given) <= 32 ? Number(given) : undefined;
  const mask = parseIpv4(given);
  if (mask === undefined) return undefined;
  const bits = Math.clz32(~mask);
  return mask === (bits === 0 ? 0 : (0xffff_ffff << (32 - bits)) >>> 0) ? bits : undefined;
}
