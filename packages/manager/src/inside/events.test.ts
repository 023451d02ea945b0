import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type TestManager, testManager } from '../testing.ts';

let manager: TestManager;
beforeEach(async () => {
  manager = await testManager();
});
afterEach(() => manager.close());

const network = { uuid: 'nw-a', display_name: 'a', ipv4_network: '10.0.0.0/24' };

describe('GET /events', () => {
  it('says what was made, changed and removed, oldest first, and where to go on', async () => {
    await manager.done('POST', '/networks', network);
    await manager.done('PUT', '/networks/nw-a', { display_name: 'b' });
    await manager.done('DELETE', '/networks/nw-a');
    const { revision, events } = await manager.done('GET', '/events');
    expect(revision).toBe(3);
    expect(events).toMatchObject([
      { revision: 1, action: 'add', kind: 'network', uuid: 'nw-a' },
      { revision: 2, action: 'change', uuid: 'nw-a', fields: { display_name: { from: 'a', to: 'b' } } },
      { revision: 3, action: 'remove', uuid: 'nw-a' },
    ]);
    expect(Object.keys(events[1].fields)).toEqual(['display_name']);
    expect(await manager.done('GET', '/events?after=1&limit=1')).toMatchObject({
      revision: 2,
      events: [{ revision: 2 }],
    });
    expect(
      (await manager.done('GET', '/events?limit=2')).events.map((one: { revision: number }) => one.revision),
    ).toEqual([2, 3]);
    expect(await manager.done('GET', '/events?after=3')).toEqual({ revision: 3, events: [] });
    // A revision that there has never been: what comes next is not missed.
    expect(await manager.done('GET', '/events?after=99')).toEqual({ revision: 3, events: [] });
  });

  it('waits for news, and ends when it is there or the time is over', async () => {
    const began = performance.now();
    const waiting = manager.done('GET', '/events?after=0&wait=20');
    await manager.done('POST', '/networks', network);
    expect(await waiting).toMatchObject({ revision: 1, events: [{ uuid: 'nw-a' }] });
    expect(performance.now() - began).toBeLessThan(10_000);
    expect(await manager.done('GET', '/events?after=1&wait=1')).toEqual({ revision: 1, events: [] });
  });

  it('refuses what is no revision or time', async () => {
    for (const query of ['after=-1', 'after=x', 'limit=0', 'wait=99'])
      expect(await manager.call('GET', `/events?${query}`), query).toMatchObject({ status: 400 });
  });
});
