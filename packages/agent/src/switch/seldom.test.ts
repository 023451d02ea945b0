import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { Seldom } from './seldom.ts';

it('a line is let through once in a while, with how many were held back', async () => {
  const seldom = new Seldom(50);
  const written: object[] = [];
  for (let i = 0; i < 1000; i++) seldom.say((more) => written.push(more));
  expect(written).toEqual([{}]);
  await sleep(60);
  seldom.say((more) => written.push(more));
  expect(written).toEqual([{}, { held: 999 }]);
});
