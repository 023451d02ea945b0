import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { migrate } from '../migrations/index.ts';
import { Database } from './database.ts';
import { HeldNumbers } from './held-numbers.ts';
import { History } from './history.ts';
import { Rows } from './rows.ts';
import { SqliteTransaction } from './transaction.ts';

const database = new Database(':memory:');
await migrate(database);
afterAll(() => database.close());

/** A transaction that has read leases so often that it holds them; undone in the end. */
async function begun() {
  database.begin();
  const rows = new Counting(database);
  const tx = new SqliteTransaction(database, rows, new History(database, rows, 1), new HeldNumbers());
  for (let i = 0; i < 3; i++)
    await tx.insert('network', { uuid: `nw-${i}`, display_name: '', ipv4_network: i, ipv4_prefix: 24 });
  for (let i = 0; i < 3; i++) await tx.insert('interface', { uuid: `if-${i}`, mode: 'vif', ...flags });
  for (let i = 0; i < 100; i++) await tx.find('ip_lease', { network_id: i });
  rows.queries = 0;
  return { tx, rows, [Symbol.dispose]: () => database.rollback() };
}

const flags = { enable_filtering: false, enable_routing: false, enable_route_translation: false };

class Counting extends Rows {
  queries = 0;

  override one(...of: Parameters<Rows['one']>): ReturnType<Rows['one']> {
    this.queries++;
    return super.one(...of);
  }

  override find(...of: Parameters<Rows['find']>): ReturnType<Rows['find']> {
    this.queries++;
    return super.find(...of);
  }
}

const some = fc.integer({ min: 1, max: 3 });
const maybe = fc.option(some);
const step = fc.oneof(
  fc.record({ do: fc.constant('insert' as const), network: some, holder: maybe }),
  fc.record({
    do: fc.constant('update' as const),
    which: fc.nat(),
    network: some,
    holder: maybe,
    routing: fc.boolean(),
  }),
  fc.record({ do: fc.constant('remove' as const), which: fc.nat() }),
);

describe('a transaction that holds a table', () => {
  it('reads what the database has, whatever it has written', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        using begin = await begun();
        const { tx, rows } = begin;
        let made = 0;
        for (const one of steps) {
          const ids = rows.find('ip_lease', {}).map(({ id }) => id);
          const id = 'which' in one ? ids[one.which % ids.length] : undefined;
          if (one.do === 'insert') {
            const address = { network_id: one.network, ipv4_address: made, interface_id: one.holder };
            await tx.insert('ip_lease', { uuid: `il-${made++}`, enable_routing: false, ...address });
          } else if (one.do === 'update' && id !== undefined) {
            const values = { network_id: one.network, interface_id: one.holder, enable_routing: one.routing };
            await tx.update('ip_lease', id, values);
          } else if (one.do === 'remove' && id !== undefined) await tx.remove('ip_lease', id);
        }
        for (const where of [
          {},
          { network_id: 2 },
          { interface_id: null },
          { enable_routing: true },
          { network_id: 1, interface_id: 2 },
          { interface_id: 3, enable_routing: false, network_id: 3 },
          { network_id: [1, 3] },
          { network_id: [1] },
          { network_id: [] },
        ]) {
          expect(await tx.find('ip_lease', where)).toEqual(rows.find('ip_lease', where));
          const page = { limit: 2, offset: 1 };
          expect(await tx.find('ip_lease', where, page)).toEqual(rows.find('ip_lease', where, page));
          expect(await tx.count('ip_lease', where)).toBe(rows.count('ip_lease', where));
        }
        for (let i = 0; i <= made; i++) {
          expect(await tx.byUuid('ip_lease', `il-${i}`)).toEqual(rows.one('ip_lease', 'uuid', `il-${i}`));
          expect(await tx.get('ip_lease', i)).toEqual(rows.one('ip_lease', 'id', i));
        }
      }),
      { numRuns: 60 },
    );
  });

  it('asks the database no more for rows that it holds', async () => {
    using begin = await begun();
    const { tx, rows } = begin;
    for (let i = 0; i < 50; i++) {
      const values = { network_id: 1, ipv4_address: i, enable_routing: false };
      const { id } = await tx.insert('ip_lease', { uuid: `il-${i}`, ...values });
      await tx.get('ip_lease', id);
      await tx.byUuid('ip_lease', `il-${i}`);
      await tx.find('ip_lease', { network_id: 1, ipv4_address: i });
    }
    expect(rows.queries).toBe(0);
  });

  it('does not read a large table for a few of its rows', async () => {
    using begin = await begun();
    const { tx, rows } = begin;
    for (let i = 0; i < 400; i++) await tx.insert('mac_lease', { uuid: `ml-${i}`, interface_id: 1, mac_address: i });
    rows.queries = 0;
    for (let i = 1; i <= 90; i++) await tx.get('mac_lease', i);
    expect(rows.queries).toBe(90);
    for (let i = 1; i <= 400; i++) await tx.get('mac_lease', i);
    expect(rows.queries).toBeLessThan(120);
  });
});
