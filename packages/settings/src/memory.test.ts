import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { noteWork } from './memory.ts';

/** Something that nobody holds. */
function garbage(): WeakRef<object> {
  return new WeakRef({ held: new Array(1000).fill(0) });
}

it('collects what much work has left behind once there is quiet, and nothing after little work', async () => {
  const first = garbage();
  await sleep(1);
  noteWork(10, 20);
  await sleep(80);
  expect(first.deref()).toBeDefined();
  noteWork(5000, 20);
  await sleep(10);
  noteWork(1, 20);
  await sleep(500);
  expect(first.deref()).toBeUndefined();
});
