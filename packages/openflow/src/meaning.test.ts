import { describe, expect, it } from 'vitest';
import { type Action, actionInWords, runAction } from './actions.ts';
import type { Machine, Words } from './meaning.ts';

/** A machine that writes down what is done to it, and in which every place holds 7. */
function noting(): Machine & { readonly done: string[] } {
  const done: string[] = [];
  const note =
    (what: string) =>
    (...values: unknown[]): void => {
      done.push(
        [what, ...values.map((value) => (typeof value === 'object' ? JSON.stringify(value) : value))].join(' '),
      );
    };
  return {
    done,
    size: 100,
    read: () => 7n,
    write: ({ field }, value) => done.push(`${field}=${value}`),
    output: note('output'),
    resubmit: note('resubmit'),
    stop: note('stop'),
    punt: (bytes) => note('punt')(...(bytes ?? [])),
    track: ({ zone, commit, table, change }) => {
      note('track')(zone, commit, table);
      change();
    },
  };
}

const words: Words = {
  place: ({ field }) => field,
  value: (_, value) => `#${value}`,
  port: (number) => `port ${number}`,
  table: (number) => `table ${number}`,
  size: (bytes) => `${bytes} bytes`,
  reason: (bytes) => bytes && `reason ${bytes[0]}`,
};

const reg0 = { field: 'reg0', offset: 0, bits: 32 } as const;
const translation: Action = { type: 'nat', kind: 'dst', ipv4_min: 5 };

describe('the meaning of an action', () => {
  it.each<[Action, readonly string[], string]>([
    [{ type: 'output', port: 3 }, ['output 3'], 'output(port 3)'],
    [{ type: 'output_reg', from: reg0 }, ['output 7'], 'output(reg0)'],
    [{ type: 'set_field', field: 'ipv4_src', value: 9 }, ['ipv4_src=9'], 'ipv4_src=#9'],
    [{ type: 'load', to: reg0, value: 2n }, ['reg0=2'], 'reg0=#2'],
    [{ type: 'move', from: reg0, to: { ...reg0, field: 'reg1' } }, ['reg1=7'], 'reg1=reg0'],
    [{ type: 'resubmit', table: 4 }, ['resubmit 4'], 'ask(table 4)'],
    [{ type: 'dec_nw_ttl' }, ['nw_ttl=6'], 'nw_ttl-1'],
    [{ type: 'check_pkt_larger', size: 90, to: reg0 }, ['reg0=1'], 'reg0=size>90 bytes'],
    [{ type: 'controller', userdata: Uint8Array.of(2) }, ['punt 2'], 'agent(reason 2)'],
    [{ type: 'controller' }, ['punt'], 'agent'],
    [{ type: 'push_mpls', ethertype: 0x8847 }, [], 'push_mpls'],
    [{ type: 'pop_mpls', ethertype: 0x0800 }, [], 'pop_mpls'],
    [{ type: 'learn_up_to', table: 1, limit: 1, parts: [] }, [], 'learn(table 1)'],
    [
      { type: 'ct', zone: reg0, table: 6, commit: true, actions: [translation] },
      ['track 7 true 6', 'ipv4_dst=5'],
      'ct',
    ],
  ])('is how it runs and how it reads: %o', (action, done, text) => {
    const machine = noting();
    runAction(action, machine);
    expect(machine.done).toEqual(done);
    expect(actionInWords(action, words)).toBe(text);
  });

  it('ends the way of a packet whose time to live has expired', () => {
    const machine = { ...noting(), read: () => 1n };
    runAction({ type: 'dec_nw_ttl' }, machine);
    expect(machine.done).toEqual(['stop']);
  });

  it('is refused by name where an action does not say how it runs, and it reads as its name', () => {
    expect(() => runAction({ type: 'exit' }, noting())).toThrow('action exit is not simulated');
    expect(() => runAction({ type: 'other', code: 99, body: new Uint8Array() }, noting())).toThrow('action other');
    expect(() => runAction({ type: 'ct', force: true }, noting())).toThrow('this use of ct is not simulated');
    expect(() => runAction({ type: 'nat' }, noting())).toThrow('this use of nat is not simulated');
    expect(actionInWords({ type: 'exit' }, words)).toBe('exit');
  });
});
