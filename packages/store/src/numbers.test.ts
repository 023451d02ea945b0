import { describe, expect, it, vi } from 'vitest';
import { openStore } from './open.ts';
import { Rows } from './sqlite/rows.ts';
import type { Store, Transaction } from './store.ts';

const by = { author: 'test', request: null, message: null };
const network = { display_name: '', ipv4_network: 0, ipv4_prefix: 8 };

async function addressesIn(store: Store, id: number, work: (tx: Transaction) => Promise<unknown> = async () => {}) {
  const { value } = await store.transaction(by, async (tx) => {
    await work(tx);
    return [...(await tx.numbersOf('ip_lease', 'ipv4_address', ['network_id', id]))];
  });
  return value;
}

const lease = (tx: Transaction, network_id: number, ipv4_address: number) =>
  tx.insert('ip_lease', { uuid: `il-${network_id}n${ipv4_address}`, network_id, ipv4_address, enable_routing: false });

async function withNetworks() {
  const store = await openStore('memory');
  for (const uuid of ['nw-a', 'nw-b']) await store.transaction(by, (tx) => tx.insert('network', { ...network, uuid }));
  return { store, [Symbol.asyncDispose]: () => store.close() };
}

describe('the numbers of a network', () => {
  it('follow what is inserted, changed and removed, in the transaction that does it and after', async () => {
    await using begun = await withNetworks();
    const { store } = begun;
    expect(await addressesIn(store, 1)).toEqual([]);
    expect(await addressesIn(store, 1, (tx) => lease(tx, 1, 7))).toEqual([7]);
    expect(await addressesIn(store, 2, (tx) => lease(tx, 2, 8))).toEqual([8]);
    expect(await addressesIn(store, 1, (tx) => tx.update('ip_lease', 1, { ipv4_address: 9 }))).toEqual([9]);
    expect(await addressesIn(store, 2, (tx) => tx.update('ip_lease', 1, { network_id: 2 }))).toEqual([8, 9]);
    expect(await addressesIn(store, 1)).toEqual([]);
    expect(await addressesIn(store, 2, (tx) => tx.remove('ip_lease', 2))).toEqual([9]);
  });

  it('are as before after a transaction that was undone, for those of the same turn too', async () => {
    await using begun = await withNetworks();
    const { store } = begun;
    await addressesIn(store, 1, (tx) => lease(tx, 1, 1));
    const undone = addressesIn(store, 1, async (tx) => {
      await lease(tx, 1, 2);
      await tx.remove('ip_lease', 1);
      expect([...(await tx.numbersOf('ip_lease', 'ipv4_address', ['network_id', 1]))]).toEqual([2]);
      throw new Error('no');
    });
    const after = addressesIn(store, 1, (tx) => lease(tx, 1, 3));
    await expect(undone).rejects.toThrow('no');
    expect(await after).toEqual([1, 3]);
    expect(await addressesIn(store, 1)).toEqual([1, 3]);
  });

  it('are read once, however many rows are added one by one', async () => {
    await using begun = await withNetworks();
    const { store } = begun;
    await addressesIn(store, 1, (tx) => lease(tx, 1, 1));
    await addressesIn(store, 1);
    const find = vi.spyOn(Rows.prototype, 'find');
    for (let i = 2; i <= 200; i++) {
      await store.transaction(by, async (tx) => {
        const numbers = await tx.numbersOf('ip_lease', 'ipv4_address', ['network_id', 1]);
        await lease(tx, 1, numbers.gapFrom(1));
      });
    }
    expect(find).not.toHaveBeenCalled();
    find.mockRestore();
    expect((await addressesIn(store, 1)).length).toBe(200);
  });
});
