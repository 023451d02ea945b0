import { describe, expect, it } from 'vitest';
import { FlowTable } from './flow-table.ts';
import { replace } from './replace.ts';

/** Flows that count how often they are looked at. */
function flowsOf(count: number, looks: { count: number }, from = 0) {
  return Array.from({ length: count }, (_, i) => ({
    get key() {
      looks.count++;
      return `key ${from + i}`;
    },
    body: `12345678 body ${from + i}`,
  }));
}

describe.each([1, 8, 9, 2000])('%i flows of one item', (count) => {
  it('are put in, changed and taken out, and cost in proportion', () => {
    const table = new FlowTable();
    const looks = { count: 0 };
    const before = replace(table, [], [...flowsOf(count, looks), ...flowsOf(1, looks)]);
    expect([before.length, table.size]).toEqual([count, count]);
    table.takeTouched();
    const after = replace(table, before, flowsOf(count, looks, 1));
    expect([...table.takeTouched()].sort()).toEqual(['key 0', `key ${count}`].sort());
    replace(table, after, []);
    expect(table.size).toBe(0);
    expect(looks.count).toBeLessThan(count * 60);
  });
});
