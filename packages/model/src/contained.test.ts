import { expect, it } from 'vitest';
import { contained } from './contained.ts';

it('lets nothing out that its work throws, now or later', async () => {
  const faults: unknown[] = [];
  const fault = (error: unknown): void => void faults.push(error);
  contained((value: number) => {
    throw value;
  }, fault)(7);
  contained(() => Promise.reject('later'), fault)();
  contained(() => 'well', fault)();
  await Promise.resolve();
  expect(faults).toEqual([7, 'later']);
});
