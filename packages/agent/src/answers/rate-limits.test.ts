import { expect, it } from 'vitest';
import { RateLimits } from './rate-limits.ts';

const limit = { burst: 5, perSecond: 10 };

it('lets through a burst and then the rate, each name by itself, and forgets who has been quiet', () => {
  const limits = new RateLimits();
  const admitted = (name: string, now: number) =>
    Array.from({ length: 100 }, () => limits.admit(name, limit, now)).filter(Boolean).length;
  expect([admitted('a', 0), admitted('a', 0), admitted('b', 0)]).toEqual([5, 0, 5]);
  expect([admitted('a', 300), admitted('a', 10_000)]).toEqual([3, 5]);
  limits.forget(10_100);
  expect(limits.size).toBe(1);
  limits.forget(11_000);
  expect(limits.size).toBe(0);
});
