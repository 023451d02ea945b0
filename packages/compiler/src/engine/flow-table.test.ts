import { expect, it } from 'vitest';
import { FlowTable } from './flow-table.ts';

const flow = (key: string) => ({ key, body: 'cookie..does' });

it('says that all its flows are among what changed only until that is taken, however many changed since', () => {
  const table = new FlowTable();
  for (const key of ['a', 'b']) table.add(flow(key));
  expect([table.untaken, [...table.takeTouched()]]).toEqual([true, ['a', 'b']]);
  table.remove(flow('a'));
  // As many have changed as there are, and the one that is there is not among them.
  expect([table.untaken, table.touched, table.size]).toEqual([false, 1, 1]);
});
