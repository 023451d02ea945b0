import { expect, it } from 'vitest';
import { interfaceRows, networkRows, TestModel } from '../testing/model.ts';
import { Memory } from './memory.ts';
import { localRelations, type View } from './relations.ts';

it('computes again only after something that was read has changed', () => {
  const model = new TestModel();
  for (const row of [...networkRows(1), ...networkRows(2), ...interfaceRows(1, 1, 1)]) model.put(...row);
  const memory = new Memory(1, { ...model.relations, ...localRelations() });
  let computed = 0;
  const leases = (view: View): number => {
    computed++;
    return view.where('ip_lease', 'network_id', 1).length;
  };
  expect([memory.get('a', leases), memory.get('a', leases), computed]).toEqual([1, 1, 1]);
  for (const row of interfaceRows(2, 2, 2)) model.put(...row);
  expect([memory.get('a', leases), computed]).toEqual([1, 1]);
  for (const row of interfaceRows(3, 1, 3)) model.put(...row);
  expect([memory.size, memory.get('a', leases), computed]).toEqual([0, 2, 2]);
  memory.close();
  expect(memory.size).toBe(0);
});
