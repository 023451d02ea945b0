import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Runs } from './runs.ts';

it('runs hold the numbers that were added and not deleted, and find the next that is missing', () => {
  const number = fc.nat(30);
  fc.assert(
    fc.property(fc.array(number), fc.array(fc.tuple(fc.boolean(), number)), (first, steps) => {
      const [runs, set] = [new Runs(first), new Set(first)];
      for (const [adds, number] of steps) {
        if (adds) {
          runs.add(number);
          set.add(number);
        } else {
          runs.delete(number);
          set.delete(number);
        }
      }
      expect([...runs]).toEqual([...set].sort((a, b) => a - b));
      expect(runs.isEmpty).toBe(set.size === 0);
      for (let n = -1; n <= 31; n++) {
        expect(runs.has(n)).toBe(set.has(n));
        let [above, below] = [n, n];
        while (set.has(above)) above++;
        while (set.has(below)) below--;
        expect([runs.gapFrom(n), runs.gapTo(n)]).toEqual([above, below]);
      }
    }),
  );
});
