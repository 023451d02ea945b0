import { expect, it } from 'vitest';
import { openStore } from './open.ts';

const by = { author: 'test', request: null, message: null };
const network = { uuid: 'nw-a', display_name: '', ipv4_network: 0, ipv4_prefix: 24 };

it('a store with many changes commits and reads the newest as fast as a new one', async () => {
  await using store = await openStore('memory');
  await store.transaction(by, (tx) => tx.insert('network', network));
  const change = (i: number) => store.transaction(by, (tx) => tx.update('network', 1, { display_name: `n${i}` }));
  const costMs = async () => {
    const before = process.cpuUsage();
    for (let i = 0; i < 100; i++) {
      await change(i);
      expect(await store.changesSince(store.revision - 1)).toHaveLength(1);
      expect(await store.revisionsOf('network', [1])).toEqual(new Map([[1, store.revision]]));
      expect(await store.logAfter(store.revision - 1, 1)).toHaveLength(1);
    }
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1000;
  };
  await costMs();
  const few = await costMs();
  await Promise.all(Array.from({ length: 40_000 }, (_, i) => change(1000 + i)));
  expect(store.revision).toBeGreaterThan(40_000);
  expect(await costMs()).toBeLessThan(4 * few + 100);
}, 60_000);
