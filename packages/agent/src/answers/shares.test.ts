import { expect, it } from 'vitest';
import { Shares } from './shares.ts';

/** Has each client take as often as it can, one after another in turn, and says how much each then holds. */
function greedy(shares: Shares, clients: readonly string[]): number[] {
  const held = clients.map(() => 0);
  for (let more = true; more; ) {
    more = false;
    for (const [i, client] of clients.entries()) {
      if (!shares.take(client)) continue;
      held[i]!++;
      more = true;
    }
  }
  return held;
}

const names = (count: number) => Array.from({ length: count }, (_, i) => `${i}`);

it('gives one client no more than its share', () => {
  expect(greedy(new Shares({ each: 32, all: 256 }), ['a'])).toEqual([32]);
});

it.each([8, 9, 40, 255])('leaves some for a newcomer, however greedy %i others are', (count) => {
  const shares = new Shares({ each: 32, all: 256 });
  const held = greedy(shares, names(count));
  expect(Math.max(...held) - Math.min(...held)).toBeLessThan(2);
  expect(shares.take('newcomer')).toBe(true);
});

it('gives again what was given back', () => {
  const shares = new Shares({ each: 1, all: 2 });
  expect([shares.take('a'), shares.take('a'), shares.size]).toEqual([true, false, 1]);
  shares.giveBack('a');
  expect([shares.size, shares.take('a')]).toEqual([0, true]);
});
