import type { FieldName, Subfield } from '@openvnet/openflow';
import { type RegisterName, registers } from './registers.ts';
import { type TableName, tableNames, tableNumbers } from './tables.ts';

/** A register as the allocator needs it. */
export interface Living {
  readonly bits: number;
  readonly lives: readonly (readonly [from: TableName, to: TableName])[];
}

/** A run of bits of one 32 bit register of the switch. */
interface Run {
  readonly number: number;
  readonly offset: number;
  readonly bits: number;
}

export const registerNames = Object.keys(registers) as RegisterName[];

const registerCount = 16;
const registerBits = 32;

/**
 * The field of each register. Registers that are never in use in the same table may share bits. A register of more than 32 bits
 * takes a pair of fields (`xreg`), and is loaded and moved, not matched.
 */
export const places: Readonly<Record<RegisterName, Subfield>> = allocate(registers);

/** The registers that are in use in a table. */
export function registersIn(table: TableName): readonly RegisterName[] {
  return living.get(table)!;
}

const living = new Map(
  tableNames.map((table) => [table, registerNames.filter((name) => livesIn(registers[name], table))]),
);

/** The register that has a place in a table. */
export function registerAt(table: TableName, { field, offset }: Subfield): RegisterName | undefined {
  return registersIn(table).find((name) => places[name].field === field && places[name].offset === offset);
}

/** Gives every register the first place that is free in all its tables. Throws if there is none. */
export function allocate<N extends string>(declared: Readonly<Record<N, Living>>): Record<N, Subfield> {
  const placed: { readonly register: Living; readonly runs: readonly Run[] }[] = [];
  const given = {} as Record<N, Subfield>;
  for (const [name, register] of Object.entries<Living>(declared)) {
    const taken = placed.filter((other) => meet(register, other.register)).flatMap(({ runs }) => runs);
    const place = candidates(register.bits, taken).find((one) =>
      runsOf(one).every((run) => taken.every((other) => !overlap(run, other))),
    );
    if (!place)
      throw new RangeError(`register ${name} of ${register.bits} bits does not fit beside those that live with it`);
    placed.push({ register, runs: runsOf(place) });
    given[name as N] = place;
  }
  return given;
}

/** Fields of the switch that no register uses, and the unused upper bits of the others. */
export function freePlaces(): { readonly whole: readonly string[]; readonly parts: readonly string[] } {
  const used = new Array<number>(registerCount).fill(0);
  for (const name of registerNames)
    for (const { number, offset, bits } of runsOf(places[name])) used[number] = Math.max(used[number]!, offset + bits);
  const named = used.map((end, number) => ({ end, number }));
  return {
    whole: named.filter(({ end }) => end === 0).map(({ number }) => `reg${number}`),
    parts: named
      .filter(({ end }) => end > 0 && end < registerBits)
      .map(({ end, number }) => `reg${number} from bit ${end}`),
  };
}

/** Whether two places have a bit in common. */
export function share(one: Subfield, other: Subfield): boolean {
  return runsOf(one).some((run) => runsOf(other).some((each) => overlap(run, each)));
}

/** Places of a width, in the order in which they are tried: each behind what is taken. */
function candidates(bits: number, taken: readonly Run[]): Subfield[] {
  if (bits > 2 * registerBits) return [];
  if (bits > registerBits)
    return Array.from({ length: registerCount / 2 }, (_, i) => ({ field: `xreg${i}` as FieldName, offset: 0, bits }));
  return Array.from({ length: registerCount }, (_, number) => {
    const ends = taken.filter((run) => run.number === number).map((run) => run.offset + run.bits);
    const offsets = [0, ...ends.sort((a, b) => a - b)].filter((offset) => offset + bits <= registerBits);
    return offsets.map((offset) => ({ field: `reg${number}` as FieldName, offset, bits }));
  }).flat();
}

/** The low half of a pair is the second of its registers. */
function runsOf({ field, offset, bits }: Subfield): Run[] {
  const [, pair, number] = /^(x?)reg(\d+)$/.exec(field)!;
  if (!pair) return [{ number: Number(number), offset, bits }];
  const first = Number(number) * 2;
  return [
    { number: first + 1, offset: 0, bits: registerBits },
    { number: first, offset: 0, bits: bits - registerBits },
  ];
}

function overlap(a: Run, b: Run): boolean {
  return a.number === b.number && a.offset < b.offset + b.bits && b.offset < a.offset + a.bits;
}

function meet(a: Living, b: Living): boolean {
  return tableNames.some((table) => livesIn(a, table) && livesIn(b, table));
}

function livesIn({ lives }: Living, table: TableName): boolean {
  const at = tableNumbers[table];
  return lives.some(([from, to]) => tableNumbers[from] <= at && at <= tableNumbers[to]);
}
