/** Registers that share a place: where each lives, and that no flow of any topology reads one that holds another's number. */
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Flow } from '../pipeline/flow.ts';
import { allocate, freePlaces, type Living, places, registersIn, share } from '../pipeline/places.ts';
import type { RegisterName } from '../pipeline/registers.ts';
import { tableNames, tables } from '../pipeline/tables.ts';
import { Lives } from '../testing/lives.ts';
import { topology } from '../testing/random.ts';
import { saidFlows } from '../testing/said-flows.ts';

type Shared = (one: RegisterName, other: RegisterName) => boolean;

describe('the registers', () => {
  let livesWith: (shared: Shared) => Lives;
  beforeAll(() => {
    const flows: Flow[] = [];
    fc.assert(
      fc.property(topology, (drawn) => {
        flows.push(...saidFlows(drawn));
      }),
      { seed: 1, numRuns: 300 },
    );
    livesWith = (shared) => {
      const lives = new Lives(shared);
      for (const flow of flows) lives.add(flow);
      return lives.run();
    };
  }, 60_000);

  it('are read only where they live, and hold what was written for them or zero then', () => {
    const { faults, visited } = livesWith((one, other) => share(places[one], places[other]));
    expect([...faults]).toEqual([]);
    // What the switch learns by itself is no flow of a feature; that its table is asked is.
    expect(tableNames.filter((table) => !visited.has(table))).toEqual([]);
  });

  it('would hold something else, if two shared a place that live together', () => {
    const pair = ['translator', 'gateway_mac'];
    const { faults } = livesWith((one, other) => pair.includes(one) && pair.includes(other));
    expect([...faults].sort()).toEqual([
      'hand_over reads translator, where gateway_mac lies',
      'rewrite reads gateway_mac, where translator lies',
      'translate_out reads translator, where gateway_mac lies',
    ]);
  });

  it('live where tables match and write them', () => {
    for (const table of tableNames) {
      const { match, writes } = tables[table] as { match: readonly string[]; writes: readonly string[] };
      const used = [...match, ...writes].filter((name) => name in places);
      const living: readonly string[] = registersIn(table);
      expect([table, used.filter((name) => !living.includes(name))]).toEqual([table, []]);
    }
  });

  it('leave room for what comes', () => {
    expect(freePlaces().whole.length).toBeGreaterThanOrEqual(2);
  });
});

describe('the allocator', () => {
  const all: Living['lives'] = [['admit', 'hand_over']];
  const many = (count: number, one: Living) =>
    Object.fromEntries(Array.from({ length: count }, (_, i) => [`r${i}`, one]));

  it('gives a place to several that do not live in one table, and to none that do', () => {
    const given = allocate({
      early: { bits: 32, lives: [['admit', 'identity']] },
      late: { bits: 16, lives: [['forward', 'output']] },
      beside: { bits: 16, lives: [['flood', 'output']] },
      wide: { bits: 48, lives: all },
      above: { bits: 16, lives: all },
    });
    expect(given).toEqual({
      early: { field: 'reg0', offset: 0, bits: 32 },
      late: { field: 'reg0', offset: 0, bits: 16 },
      beside: { field: 'reg0', offset: 16, bits: 16 },
      wide: { field: 'xreg1', offset: 0, bits: 48 },
      above: { field: 'reg1', offset: 0, bits: 16 },
    });
  });

  it('refuses what does not fit', () => {
    expect(() => allocate(many(16, { bits: 32, lives: all }))).not.toThrow();
    expect(() => allocate(many(17, { bits: 32, lives: all }))).toThrow(
      'register r16 of 32 bits does not fit beside those that live with it',
    );
    expect(() => allocate(many(9, { bits: 33, lives: all }))).toThrow('register r8 of 33 bits');
    expect(() => allocate({ huge: { bits: 65, lives: all } })).toThrow('register huge of 65 bits');
  });
});
