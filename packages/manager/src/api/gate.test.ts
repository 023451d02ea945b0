import { setImmediate as turn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { Gate } from './gate.ts';

it('lets so many work at a time, in order, also where one fails', async () => {
  const gate = new Gate(2);
  let [working, most] = [0, 0];
  const begun: number[] = [];
  const results = await Promise.allSettled(
    Array.from({ length: 7 }, (_, i) =>
      gate.run(async () => {
        begun.push(i);
        most = Math.max(most, ++working);
        await turn();
        working--;
        if (i === 1) throw new Error('failed');
        return i;
      }),
    ),
  );
  expect(most).toBe(2);
  expect(begun).toEqual([0, 1, 2, 3, 4, 5, 6]);
  expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', ...Array(5).fill('fulfilled')]);
  expect(await gate.run(async () => 'again')).toBe('again');
});
