import { expect, it } from 'vitest';
import { interfaceRows, networkRows, TestModel } from '../testing/model.ts';
import { Cache } from './cache.ts';
import { localRelations } from './local-relations.ts';
import type { View } from './relations.ts';

it('computes again only after something that was read has changed', () => {
  const model = new TestModel();
  for (const row of [...networkRows(1), ...networkRows(2), ...interfaceRows(1, 1, 1)]) model.put(...row);
  const cache = new Cache(1, { ...model.relations, ...localRelations() });
  let computed = 0;
  const leases = (view: View): number => {
    computed++;
    return view.where('ip_lease', 'network_id', 1).length;
  };
  expect([cache.get('a', leases), cache.get('a', leases), computed]).toEqual([1, 1, 1]);
  for (const row of interfaceRows(2, 2, 2)) model.put(...row);
  expect([cache.get('a', leases), computed]).toEqual([1, 1]);
  for (const row of interfaceRows(3, 1, 3)) model.put(...row);
  expect([cache.size, cache.get('a', leases), computed]).toEqual([0, 2, 2]);
  cache.close();
  expect(cache.size).toBe(0);
});
