import fc from 'fast-check';
import { expect, it } from 'vitest';
import { freeIn, type Range } from './free-addresses.ts';

it('the free parts of ranges are the numbers that nobody has, each once, in ascending order', () => {
  const numbers = fc.nat(40);
  const ranges = fc.array(fc.tuple(numbers, fc.nat(10)).map(([first, size]): Range => [first, first + size]));
  fc.assert(
    fc.property(ranges, fc.array(numbers), (given, taken) => {
      const within = given.flatMap(([first, last]) => Array.from({ length: last - first + 1 }, (_, i) => first + i));
      const wanted = [...new Set(within)].filter((number) => !taken.includes(number)).sort((a, b) => a - b);
      const free = freeIn(given, taken);
      expect(free.flatMap(([first, last]) => Array.from({ length: last - first + 1 }, (_, i) => first + i))).toEqual(
        wanted,
      );
    }),
  );
});

it('a network with addresses in many pieces costs no more than their number', () => {
  const count = 100_000;
  const pieces = Array.from({ length: count }, (_, i): Range => [4 * i, 4 * i + 2]);
  const taken = Array.from({ length: count }, (_, i) => 4 * i + 1);
  const from = performance.now();
  expect(freeIn(pieces, taken)).toHaveLength(2 * count);
  expect(performance.now() - from).toBeLessThan(2000);
});
