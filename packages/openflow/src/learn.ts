import { type Field, pad, type Reader, u8, u16, u32, u64, type Writer } from '@openvnet/wire';
import { checked, headerOf, readHeader, type Subfield } from './subfield.ts';
import { layout, withDefault } from './variant.ts';

/**
 * One part of the learned flow: `bits` from the packet or from a constant. The flow matches them (`match`),
 * writes them (`load`) or sends to the port with that number (`output`).
 */
export type LearnPart =
  | { readonly type: 'match' | 'load'; readonly from: Subfield | bigint; readonly to: Subfield }
  | { readonly type: 'output'; readonly from: Subfield };

const targets = ['match', 'load', 'output'] as const;

const parts: Field<readonly LearnPart[]> = {
  read: (from) => {
    const found: LearnPart[] = [];
    // The padding of the action looks like a part of no bits.
    while (from.remaining >= 2) {
      const header = from.u16();
      if (header === 0) break;
      found.push(readPart(header, from));
    }
    from.rest();
    return found;
  },
  write: (to, value) => {
    for (const part of value) writePart(part, to);
  },
};

const learned = {
  idle_timeout: withDefault(u16, 0),
  hard_timeout: withDefault(u16, 0),
  priority: withDefault(u16, 0x8000),
  cookie: withDefault(u64, 0n),
  flags: withDefault(u16, 0),
  table: u8,
  _: pad(1),
  fin_idle_timeout: withDefault(u16, 0),
  fin_hard_timeout: withDefault(u16, 0),
};

/** The `learn` action: adds a flow to `table` whose parts come from the packet. */
export const learn = layout({ ...learned, parts });

/** The same, for at most `limit` flows. Other options of this form are not supported. */
export const learnUpTo = layout({ ...learned, limit: u32, __: pad(4), parts });

/** Bits of `flags`: learned flows are deleted with the flow that learned them. */
export const learnFlags = { deleteLearned: 2 } as const;

function readPart(header: number, from: Reader): LearnPart {
  const bits = header & 0x7ff;
  const type = targets[(header >>> 11) & 3] ?? from.fail('a learned part of unknown kind');
  if (bits === 0) from.fail('a learned part of no bits');
  const source = header & 0x2000 ? readNumber(bits, from) : readSubfield(bits, from);
  if (type !== 'output') return { type, from: source, to: readSubfield(bits, from) };
  return typeof source === 'bigint' ? from.fail('output to a number') : { type, from: source };
}

function writePart(part: LearnPart, to: Writer): void {
  const { bits } = part.type === 'output' ? part.from : part.to;
  const immediate = typeof part.from === 'bigint';
  to.u16((immediate ? 0x2000 : 0) | (targets.indexOf(part.type) << 11) | bits);
  if (typeof part.from === 'bigint') writeNumber(part.from, bits, to);
  else if (part.from.bits !== bits) throw new RangeError(`${part.from.bits} bits cannot be learned as ${bits}`);
  else writeSubfield(part.from, to);
  if (part.type !== 'output') writeSubfield(part.to, to);
}

function readSubfield(bits: number, from: Reader): Subfield {
  const field = readHeader(from);
  return checked(field, from.u16(), bits, from);
}

function writeSubfield({ field, offset, bits }: Subfield, to: Writer): void {
  to.u32(headerOf(field, offset, bits)).u16(offset);
}

/** A constant takes whole 16-bit words, its lowest bits last. */
function readNumber(bits: number, from: Reader): bigint {
  let value = 0n;
  for (let words = Math.ceil(bits / 16); words > 0; words--) value = (value << 16n) | BigInt(from.u16());
  return value;
}

function writeNumber(value: bigint, bits: number, to: Writer): void {
  if (value < 0n || value >> BigInt(bits) !== 0n) throw new RangeError(`${value} does not fit ${bits} bits`);
  for (let word = Math.ceil(bits / 16) - 1; word >= 0; word--) to.u16(Number((value >> BigInt(16 * word)) & 0xffffn));
}
