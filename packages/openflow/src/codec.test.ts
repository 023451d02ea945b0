import { DecodeError, Reader, Writer } from '@openvnet/wire';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Action, decodeActions, encodeActions } from './actions.ts';
import { type FieldName, fields } from './fields.ts';
import { decodeFlow, encodeFlow, type Flow, FlowMod } from './flow.ts';
import { flowForms } from './forms/flows.ts';
import { decodeMatch, encodeMatch, type Match, type MatchValue } from './match.ts';
import { decodeMessage, encodeMessage } from './messages.ts';
import { messageBytes } from './outgoing.ts';

const matchable = Object.entries(fields).filter(([, { actionsOnly }]) => !actionsOnly);
const anyMatch: fc.Arbitrary<Match> = fc
  .subarray(matchable, { maxLength: 8 })
  .chain((chosen) => fc.tuple(...chosen.map(([name, field]) => anyValue(field).map((value) => [name, value]))))
  .chain((pairs) => fc.shuffledSubarray(pairs, { minLength: pairs.length }))
  .map((pairs) => Object.fromEntries(pairs) as Match);

/** A value that is written as it is given: no bit outside the mask, and a mask that is neither nothing nor all. */
function anyValue({ full, bits, maskable }: (typeof fields)[FieldName]): fc.Arbitrary<MatchValue> {
  const plain = fc.bigInt({ min: 0n, max: BigInt(full) });
  const sized = (value: bigint): number | bigint => (bits > 48 ? value : Number(value));
  if (!maskable) return plain.map(sized);
  const mask = fc.bigInt({ min: 1n, max: BigInt(full) - 1n });
  return fc.oneof(
    plain.map(sized),
    fc
      .tuple(plain, mask)
      .map(([value, bitsThatCount]) => ({ value: sized(value & bitsThatCount), mask: sized(bitsThatCount) })),
  );
}

const subfield = fc.record({
  field: fc.constantFrom('reg0', 'reg9', 'eth_src'),
  offset: fc.nat(15),
  bits: fc.integer({ min: 1, max: 16 }),
});
const anyAction: fc.Arbitrary<Action> = fc.letrec<{ action: Action }>((tie) => ({
  action: fc.oneof(
    { maxDepth: 3 },
    fc.record({ type: fc.constant('output'), port: fc.nat(), max_len: fc.nat(0xffff) }),
    fc.record({ type: fc.constant('resubmit'), port: fc.nat(0xffff), table: fc.nat(255) }),
    fc.record({ type: fc.constant('load'), to: subfield, value: fc.constantFrom(0n, 1n) }),
    fc.record({ type: fc.constant('push'), from: subfield }),
    fc.record({ type: fc.constant('controller'), max_len: fc.nat(0xffff), meter_id: fc.nat() }),
    fc.record({
      type: fc.constant('set_field'),
      field: fc.constant('ct_label'),
      value: fc.bigInt({ min: 0n, max: 1n << 100n }),
    }),
    fc.record({ type: fc.constant('clone'), actions: fc.array(tie('action'), { maxLength: 3 }) }),
    fc.record({
      type: fc.constant('ct'),
      commit: fc.constant(true),
      zone: fc.nat(0xffff),
      table: fc.nat(254),
      actions: fc.array(tie('action'), { maxLength: 3 }),
    }),
  ) as fc.Arbitrary<Action>,
})).action;

function bytesOf(write: (to: Writer) => void): Buffer {
  const to = new Writer();
  write(to);
  return to.finish();
}

const matchBytes = (match: Match): Buffer => bytesOf((to) => encodeMatch(match, to));
const actionBytes = (...actions: Action[]): Buffer => bytesOf((to) => encodeActions(actions, to));
const flowOf = (rest: Partial<Flow>): Flow => ({
  table: 1,
  priority: 2,
  cookie: 3n,
  match: {},
  instructions: [],
  ...rest,
});

describe('a match', () => {
  it('is read as it was written, in whatever order its keys are', () => {
    fc.assert(
      fc.property(anyMatch, (match) => {
        expect(decodeMatch(new Reader(matchBytes(match)))).toEqual(match);
        expect(matchBytes(Object.fromEntries(Object.entries(match).sort()))).toEqual(matchBytes(match));
      }),
    );
  });

  it('has one form for each meaning', () => {
    const plain = matchBytes({ ipv4_dst: 5, tunnel_id: 5n, eth_src: 5 });
    const mask = { value: 5, mask: 0xffff_ffff };
    expect(matchBytes({ ipv4_dst: mask, tunnel_id: 5, eth_src: { value: 5, mask: 0xffff_ffff_ffff } })).toEqual(plain);
    expect(matchBytes({ reg0: { value: 5, mask: 0 } })).toEqual(matchBytes({}));
    expect(matchBytes({ eth_dst: { value: 0x0123_4567_89ab, mask: 0xffff_0000_0000 } })).toEqual(
      matchBytes({ eth_dst: { value: 0x0123_0000_0000, mask: 0xffff_0000_0000 } }),
    );
  });

  it.each([
    ['a value that is too wide', { eth_type: 0x10000 }, 'eth_type: 65536 does not fit 16 bits'],
    ['a value that is too wide for its bits', { ip_dscp: 64 }, 'ip_dscp: 64 does not fit 6 bits'],
    ['a value that is none', { reg0: Number.NaN }, 'reg0: NaN does not fit 32 bits'],
    ['a negative value', { metadata: -1n }, 'metadata: -1 does not fit 64 bits'],
    ['a mask where none can be', { in_port: { value: 1, mask: 1 } }, 'in_port cannot be matched with a mask'],
    ['a view', { xreg0: 1n }, 'xreg0 is for actions only: match the field of which it is a view'],
    ['an unknown field', { nonsense: 1 } as Match, 'unknown match field nonsense'],
  ])('refuses %s', (_, match: Match, message) => {
    expect(() => matchBytes(match)).toThrow(new RangeError(message));
  });

  it.each([
    ['a field twice', '00010014000100040000000100010004000000010000000000000000', 'reg0 occurs twice'],
    ['an unknown field', '0001000880fe0000', 'not known'],
    ['a mask where none can be', '00010010800001080000000100000001', 'in_port with a mask'],
    ['a field of another size', '0001000a00010002000100000000', 'bytes expected'],
    ['another kind of match', '0000000400000000', 'match type 0'],
  ])('that has %s cannot be read', (_, hex, message) => {
    expect(() => decodeMatch(new Reader(Buffer.from(hex, 'hex')))).toThrow(message);
  });
});

describe('actions', () => {
  it('are read as they were written', () => {
    fc.assert(
      fc.property(fc.array(anyAction, { maxLength: 4 }), (actions) => {
        expect(decodeActions(new Reader(actionBytes(...actions)))).toEqual(actions);
      }),
    );
  });

  it('of an unknown kind stay as they are', () => {
    const bytes = Buffer.from('ffff0010000023200013000500060000', 'hex');
    const [action] = decodeActions(new Reader(bytes));
    expect(action).toMatchObject({ type: 'other', code: 0xffff });
    expect(actionBytes(action!)).toEqual(bytes);
  });

  it('inside each other without end are refused', () => {
    let action: Action = { type: 'exit' };
    for (let i = 0; i < 1000; i++) action = { type: 'clone', actions: [action] };
    expect(() => decodeActions(new Reader(actionBytes(action)))).toThrow('more than 16 levels of nested actions');
    expect(decodeActions(new Reader(actionBytes({ type: 'exit' })))).toEqual([{ type: 'exit' }]);
  });

  it.each<[string, Action, string]>([
    [
      'bits that are not there',
      { type: 'push', from: { field: 'reg0', offset: 30, bits: 4 } },
      'reg0 has no bits 30 to 33',
    ],
    [
      'a number that is too wide',
      { type: 'load', to: { field: 'reg0', offset: 0, bits: 4 }, value: 16 },
      '16 does not fit 4 bits of reg0',
    ],
    [
      'a move between sizes',
      { type: 'move', from: { field: 'reg0', offset: 0, bits: 4 }, to: { field: 'reg0', offset: 8, bits: 5 } },
      '4 bits cannot be moved to 5',
    ],
  ])('are refused with %s', (_, action, message) => {
    expect(() => actionBytes(action)).toThrow(new RangeError(message));
  });
});

describe('a flow', () => {
  it.each(flowForms)('that %s is read as it was written', (_, flow) => {
    const encoded = encodeFlow(flow);
    expect(encodeFlow(decodeFlow(encoded))).toEqual(encoded);
  });

  it('makes the same flow mod as its message', () => {
    for (const [, flow] of flowForms) {
      const { table, priority, cookie, match, instructions, idle_timeout = 0, hard_timeout = 0, flags = 0 } = flow;
      const values = { table, priority, cookie, match, instructions, idle_timeout, hard_timeout, flags };
      for (const command of ['add', 'modify_strict'] as const) {
        const expected = encodeMessage({ type: 'flow_mod', command, ...values }, 0);
        expect(messageBytes(new FlowMod(command, encodeFlow(flow)))).toEqual(expected);
      }
      const expected = encodeMessage({ type: 'flow_mod', command: 'delete_strict', table, priority, match }, 0);
      expect(messageBytes(new FlowMod('delete_strict', encodeFlow(flow)))).toEqual(expected);
      expect(messageBytes(new FlowMod('delete_strict', { key: encodeFlow(flow).key }))).toEqual(expected);
    }
  });

  it('is refused with flags that do not stay with it, and with two instructions of a kind', () => {
    expect(() => encodeFlow(flowOf({ flags: 4 }))).toThrow('flags 4 are not stored with a flow');
    const goto = { type: 'goto_table', table: 3 } as const;
    expect(() => encodeFlow(flowOf({ instructions: [goto, goto] }))).toThrow('instruction goto_table occurs twice');
    expect(encodeFlow(flowOf({})).key).toHaveLength(11);
  });

  it('cannot be read from strings that are not its own', () => {
    const { key, body } = encodeFlow(flowOf({ match: { in_port: 1 } }));
    expect(() => decodeFlow({ key: key.slice(1), body })).toThrow(DecodeError);
    expect(() => decodeFlow({ key, body: body.slice(1) })).toThrow(DecodeError);
    expect(() => decodeFlow({ key, body: `${body}\0` })).toThrow(DecodeError);
  });
});

describe('messages', () => {
  it('of any bytes at all give a message or a decode error', () => {
    const bytes = fc.tuple(fc.nat(35), fc.uint8Array({ maxLength: 200 }));
    fc.assert(
      fc.property(bytes, ([code, body]) => {
        const message = Buffer.concat([Buffer.from([4, code, 0, body.length + 8, 0, 0, 0, 1]), body]);
        try {
          decodeMessage(message);
        } catch (error) {
          expect(error).toBeInstanceOf(DecodeError);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('of an unknown kind stay as they are', () => {
    for (const hex of ['0463000a000000010203', '0404001400000001000023200000ffff01020304']) {
      const bytes = Buffer.from(hex, 'hex');
      const { message, xid } = decodeMessage(bytes);
      expect(encodeMessage(message, xid)).toEqual(bytes);
    }
  });

  it('of another version are read where they greet', () => {
    expect(decodeMessage(Buffer.from('0100000800000001', 'hex'))).toEqual({
      version: 1,
      xid: 1,
      message: { type: 'hello' },
    });
    expect(() => decodeMessage(Buffer.from('0114000800000001', 'hex'))).toThrow('version 1, not 4');
  });
});
