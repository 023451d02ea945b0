import { about, type FieldOptions, type Made, make, outside, shown } from './field-type.ts';
import { ipv4ToText, isUnicastMac, macToText, parseDatapathId, parseIpv4, parseMac, timeToText } from './text.ts';

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

/** A prefix length, or a netmask in dotted form, as a number of bits; `undefined` where it is neither. */
export function parsePrefix(given: string): number | undefined {
  if (/^\d{1,2}$/.test(given)) return Number(given) <= 32 ? Number(given) : undefined;
  const mask = parseIpv4(given);
  if (mask === undefined) return undefined;
  const bits = Math.clz32(~mask);
  return mask === (bits === 0 ? 0 : (0xffff_ffff << (32 - bits)) >>> 0) ? bits : undefined;
}
