/**
 * Actions of flows. A new action is an entry of `actions`: its encoding and, if flows of this project use it, how it is executed
 * and described. Its type follows from the entry.
 * OpenFlow 1.3.5, 7.2.4; Open vSwitch, ovs-actions(7).
 */
import { type Field, pad, type Reader, rest, u8, u16, u32, type Writer } from '@openvnet/wire';
import { type FieldName, fieldsByName } from './fields.ts';
import { learn, learnUpTo } from './learn.ts';
import { decodeField, encodeField } from './match.ts';
import { type Machine, type Meaning, meant, type Words, wholeOf } from './meaning.ts';
import { type Nat, nat } from './nat.ts';
import { padded, present, properties, property } from './properties.ts';
import { load, move, numberOrSubfield, resultBit, stacked, subfield } from './subfield.ts';
import {
  experimenterOf,
  extension,
  flagBits,
  inTurn,
  isExtension,
  layout,
  type OneOf,
  optional,
  subtypeOf,
  Variants,
  variant,
  variantOf,
  withDefault,
} from './variant.ts';

/** Reserved port numbers. OpenFlow 1.3.5, 7.2.1. */
export const reservedPorts = {
  max: 0xffff_ff00,
  in_port: 0xffff_fff8,
  table: 0xffff_fff9,
  normal: 0xffff_fffa,
  flood: 0xffff_fffb,
  all: 0xffff_fffc,
  controller: 0xffff_fffd,
  local: 0xffff_fffe,
  any: 0xffff_ffff,
} as const;

/** An action. `other` is an action that is not in the table. */
export type Action = OneOf<typeof actions> | OtherAction;

/** An action that is not in the table, with all bytes after its length. */
interface OtherAction {
  readonly type: 'other';
  readonly code: number;
  readonly body: Uint8Array;
}

/** Actions nested in an action. An interface, because the type refers to itself. */
interface Nested {
  readonly actions: readonly Action[];
}

const niciraExperimenter = 0x2320;
const experimenterType = 0xffff;
// More than any real flow nests, and far less than the stack allows.
const deepest = 16;
let depth = 0;

/** Actions up to the end of the reader. */
const nested: Field<Nested> = {
  read: (from) => {
    if (depth === deepest) from.fail(`more than ${deepest} levels of nested actions`);
    depth++;
    try {
      return { actions: decodeActions(from) };
    } finally {
      depth--;
    }
  },
  write: (to, { actions }) => {
    encodeActions(actions, to);
  },
};

/** Nested actions, or none. */
const nestedOrNone: Field<Partial<Nested>> = {
  read: nested.read,
  write: (to, { actions = [] }) => {
    encodeActions(actions, to);
  },
};

const setField: Field<{ readonly field: FieldName; readonly value: number | bigint }> = {
  read: decodeField,
  write: (to, { field, value }) => {
    const known = fieldsByName.get(field);
    if (known === undefined) throw new RangeError(`there is no field ${field}`);
    encodeField(known, value, to);
  },
};

const ct = inTurn(
  inTurn(
    flagBits(u16, { commit: 1, force: 2 }),
    layout({ zone: withDefault(numberOrSubfield, 0), table: optional(u8, 0xff), _: pad(3), alg: optional(u16, 0) }),
  ),
  nestedOrNone,
);

const controller = inTurn(
  layout({ _: pad(6) }),
  properties({
    max_len: property(0, padded(u16, 2)),
    controller_id: property(1, padded(u16, 2)),
    reason: property(2, u8),
    userdata: property(3, rest),
    pause: property(4, present),
    meter_id: property(5, u32),
  }),
);

const actions = {
  output: meant(variant(0, { port: u32, max_len: withDefault(u16, 0xffff), _: pad(6) }), {
    run: (machine, { port }) => machine.output(port),
    reads: (words, { port }) => `output(${words.port(port)})`,
  }),
  push_vlan: variant(17, { ethertype: withDefault(u16, 0x8100), _: pad(2) }),
  pop_vlan: variant(18, { _: pad(4) }),
  // Labels are not simulated: one that is taken off at once only has the datapath look at the packet anew.
  push_mpls: meant(variant(19, { ethertype: u16, _: pad(2) }), { run: () => undefined }),
  pop_mpls: meant(variant(20, { ethertype: u16, _: pad(2) }), { run: () => undefined }),
  set_queue: variant(21, { queue: u32 }),
  group: variant(22, { group: u32 }),
  dec_nw_ttl: meant(variant(24, { _: pad(4) }), {
    run: (machine) => {
      const ttl = machine.read(wholeOf('nw_ttl'));
      // A switch punts a packet that has expired to its controllers and does nothing more with it.
      if (ttl <= 1n) machine.stop();
      else machine.write(wholeOf('nw_ttl'), ttl - 1n);
    },
    reads: () => 'nw_ttl-1',
  }),
  set_field: meant(variantOf(25, setField), {
    run: (machine, { field, value }) => machine.write(wholeOf(field), BigInt(value)),
    reads: (words, { field, value }) => `${words.place(wholeOf(field))}=${words.value(wholeOf(field), BigInt(value))}`,
  }),
  pop_queue: variant(nicira(5), { _: pad(6) }),
  move: meant(variantOf(nicira(6), move), {
    run: (machine, { from, to }) => machine.write(to, machine.read(from)),
    reads: (words, { from, to }) => `${words.place(to)}=${words.place(from)}`,
  }),
  load: meant(variantOf(nicira(7), load), {
    run: (machine, { to, value }) => machine.write(to, BigInt(value)),
    reads: (words, { to, value }) => `${words.place(to)}=${words.value(to, BigInt(value))}`,
  }),
  note: variant(nicira(8), { data: rest }),
  resubmit: meant(variant(nicira(14), { port: withDefault(u16, 0xfff8), table: withDefault(u8, 0xff), _: pad(3) }), {
    run: (machine, { table = 0 }) => machine.resubmit(table),
    reads: (words, { table = 0 }) => `ask(${words.table(table)})`,
  }),
  output_reg: meant(variant(nicira(15), { from: subfield, max_len: withDefault(u16, 0xffff), _: pad(6) }), {
    run: (machine, { from }) => machine.output(Number(machine.read(from))),
    reads: (words, { from }) => `output(${words.place(from)})`,
  }),
  learn: variantOf(nicira(16), learn),
  learn_up_to: meant(variantOf(nicira(45), learnUpTo), {
    // What a switch learns is not remembered: to a simulated one every station is new.
    run: () => undefined,
    reads: (words, { table }) => `learn(${words.table(table)})`,
  }),
  exit: variant(nicira(17), { _: pad(6) }),
  push: variant(nicira(27), { from: stacked }),
  pop: variant(nicira(28), { to: stacked }),
  conjunction: variant(nicira(34), { clause: u8, clauses: u8, id: u32 }),
  ct: meant(variantOf(nicira(35), ct), { run: runTracking }),
  nat: meant(variantOf(nicira(36), nat), { run: runTranslation }),
  controller: meant(variantOf(nicira(37), controller), {
    run: (machine, { userdata }) => machine.punt(userdata),
    reads: (words, { userdata }) => {
      const reason = words.reason(userdata);
      return reason ? `agent(${reason})` : 'agent';
    },
  }),
  output_trunc: variant(nicira(39), { port: u16, max_len: u32 }),
  clone: variantOf(nicira(42), inTurn(layout({ _: pad(6) }), nested)),
  ct_clear: variant(nicira(43), { _: pad(6) }),
  check_pkt_larger: meant(variant(nicira(49), { size: u16, to: resultBit }), {
    run: (machine, { size, to }) => machine.write(to, machine.size > size ? 1n : 0n),
    reads: (words, { size, to }) => `${words.place(to)}=size>${words.size(size)}`,
  }),
};

type Ct = typeof ct extends Field<infer T> ? T : never;

/** A copy goes on at the table, and knows its connection; the packet itself does not. */
function runTracking(
  machine: Machine,
  { zone = 0, table, commit = false, actions: inside = [], force, alg }: Ct,
): void {
  if (force || alg || (inside.length > 0 && !commit)) throw new RangeError('this use of ct is not simulated');
  machine.track({
    zone: typeof zone === 'number' ? zone : Number(machine.read(zone)),
    commit,
    table: table === 0xff ? undefined : table,
    change: () => {
      for (const action of inside) runAction(action, machine);
    },
  });
}

function runTranslation(machine: Machine, { kind, ipv4_min }: Nat): void {
  if (kind === undefined || ipv4_min === undefined) throw new RangeError('this use of nat is not simulated');
  machine.write(wholeOf(kind === 'src' ? 'ipv4_src' : 'ipv4_dst'), BigInt(ipv4_min));
}

function meaningOf({ type }: Action): Meaning<Action> {
  return (actions as unknown as Readonly<Record<string, Meaning<Action>>>)[type] ?? {};
}

/** Runs an action on the packet that a machine has in hand; throws `RangeError` for one that does not say how. */
export function runAction(action: Action, machine: Machine): void {
  const { run } = meaningOf(action);
  if (!run) throw new RangeError(`action ${action.type} is not simulated`);
  run(machine, action);
}

/** An action in words. */
export function actionInWords(action: Action, words: Words): string {
  return meaningOf(action).reads?.(words, action) ?? action.type;
}

const variants = new Variants<Exclude<Action, OtherAction>>('action', actions);
export const actionTypes = variants.names;

/** Writes actions, each with its padding; throws `RangeError` for what does not fit. */
export function encodeActions(list: readonly Action[], to: Writer): void {
  for (const action of list) {
    const start = to.size;
    if (action.type === 'other') {
      to.u16(action.code).u16(0).bytes(action.body);
    } else {
      const { code, codec } = variants.of(action);
      if (isExtension(code)) to.u16(experimenterType).u16(0).u32(experimenterOf(code)).u16(subtypeOf(code));
      else to.u16(code).u16(0);
      codec.write(to, action);
    }
    to.align(8, start).patchU16(start + 2, to.size - start);
  }
}

/** Reads actions up to the end of `from`. */
export function decodeActions(from: Reader): Action[] {
  const list: Action[] = [];
  while (from.remaining > 0) {
    const code = from.u16();
    const size = from.u16();
    if (size < 8 || size % 8 !== 0) from.fail(`an action of ${size} bytes`);
    list.push(decodeAction(code, from.sub(size - 4)));
  }
  return list;
}

function decodeAction(code: number, body: Reader): Action {
  if (code !== experimenterType) {
    return variants.read(code, body) ?? { type: 'other', code, body: body.rest() };
  }
  const whole = body.peek();
  const known = variants.read(extension(body.u32(), body.u16()), body);
  return known ?? { type: 'other', code, body: whole };
}

function nicira(subtype: number): number {
  return extension(niciraExperimenter, subtype);
}
