/**
 * Instructions of flows. A new instruction is an entry of `instructions`.
 * OpenFlow 1.3.5, 7.2.3.
 */
import { type Field, pad, type Reader, u8, u32, type Writer } from '@openvnet/wire';
import { type Action, decodeActions, encodeActions } from './actions.ts';
import { quad } from './subfield.ts';
import { type OneOf, Variants, variant, withDefault } from './variant.ts';

const actionList: Field<readonly Action[]> = {
  read: decodeActions,
  write: (to, list) => {
    encodeActions(list, to);
  },
};

// In the order in which Open vSwitch executes and dumps them.
const instructions = {
  meter: variant(6, { meter: u32 }),
  apply_actions: variant(4, { _: pad(4), actions: actionList }),
  clear_actions: variant(5, { _: pad(4) }),
  write_actions: variant(3, { _: pad(4), actions: actionList }),
  write_metadata: variant(2, { _: pad(4), metadata: quad, mask: withDefault(quad, 0xffff_ffff_ffff_ffffn) }),
  goto_table: variant(1, { table: u8, _: pad(3) }),
};

export type Instruction = OneOf<typeof instructions>;

const variants = new Variants<Instruction>('instruction', instructions);
const ranks = new Map(Object.keys(instructions).map((type, rank) => [type, rank]));

/** Writes instructions in the order in which Open vSwitch returns them; empty action lists are left out. */
export function encodeInstructions(list: readonly Instruction[], to: Writer): void {
  const ordered = isOrdered(list) ? list : list.toSorted((a, b) => rankOf(a) - rankOf(b));
  let last: string | undefined;
  for (const instruction of ordered) {
    if (instruction.type === last) throw new RangeError(`instruction ${last} occurs twice`);
    last = instruction.type;
    if (!('actions' in instruction) || instruction.actions.length > 0) encodeInstruction(instruction, to);
  }
}

function isOrdered(list: readonly Instruction[]): boolean {
  for (let i = 1; i < list.length; i++) if (rankOf(list[i - 1]!) > rankOf(list[i]!)) return false;
  return true;
}

function rankOf({ type }: Instruction): number {
  return ranks.get(type) ?? ranks.size;
}

function encodeInstruction(instruction: Instruction, to: Writer): void {
  const start = to.size;
  const { code, codec } = variants.of(instruction);
  to.u16(code).u16(0);
  codec.write(to, instruction);
  to.patchU16(start + 2, to.size - start);
}

/** Reads instructions up to the end of `from`. */
export function decodeInstructions(from: Reader): Instruction[] {
  const list: Instruction[] = [];
  while (from.remaining > 0) {
    const code = from.u16();
    const size = from.u16();
    if (size < 8 || size % 8 !== 0) from.fail(`an instruction of ${size} bytes`);
    list.push(variants.read(code, from.sub(size - 4)) ?? from.fail(`unknown instruction ${code}`));
  }
  return list;
}
