import { mkdtempDisposableSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { restoreStore } from '@openvnet/store';
import { expect, it } from 'vitest';
import { backup } from '../backup.ts';
import { hello, registerNetwork, reportOf, type TestAgent, testAgent, testManager } from '../testing.ts';

const ofAnother = { ...hello, store: 'another', revision: 40, epoch: 'e' };

function flow(interface_uuid: string | null) {
  const shown = { datapath_uuid: 'dp-old', table: 'classify', priority: 1, match: {}, actions: [], next: null };
  const counts = { packets: 0, bytes: 0, age_seconds: 1 };
  return { ...shown, ...counts, feature: 'classify', object_uuid: null, interface_uuid };
}

function holding(agent: TestAgent, ...uuids: (string | null)[]): void {
  agent.answers = ({ about }) => (about === 'flows' ? { flows: uuids.map(flow), features: {}, notes: [] } : null);
}

it('tells an agent with the flows of another store nothing until an operator confirms', async () => {
  await using manager = await testManager();
  using agent = await testAgent(manager.url, ofAnother);
  holding(agent, null, 'if-veth1', 'if-veth1', 'if-lost', 'if-lost', 'if-lost');
  const told = await agent.next();
  expect(told).toMatchObject({ type: 'wait', report: true });
  expect((told as { reason: string }).reason).toMatch(
    /^agent node1 has flows of store another, .*vnmgr restore FILE.*vnctl datapaths adopt/,
  );
  // What it says of its switches is of the other store: revision 40 is no answer to revision 5 here.
  agent.say(
    reportOf(40, {
      bound: {
        set: [{ interface_id: 1, datapath_id: 1, port_name: 'if-veth1', port_number: 1, link: 'up' }],
        gone: [],
        whole: true,
      },
    }),
  );
  await registerNetwork(manager);
  const { status } = await manager.done('GET', '/interfaces/if-veth1');
  expect(status.realised).toBe(false);
  expect(status.waits_for.join()).toContain('has flows of store another');
  expect((await manager.done('GET', '/status')).agents).toMatchObject([
    { notes: [(told as { reason: string }).reason] },
  ]);

  const shown = await manager.done('PUT', '/datapaths/dp-br0/adopt');
  expect(shown).toMatchObject({ uuid: 'dp-br0', confirmed: false, flows_gone: 3, guests_gone: ['if-lost'] });
  expect(shown.adoption).toBe(
    'On node1, this would delete 3 flows, among them those of 1 guests: if-lost. To confirm, use: vnctl datapaths adopt dp-br0 --confirm',
  );
  expect(await manager.done('PUT', '/datapaths/dp-br0/adopt', { confirm: 'true' })).toMatchObject({ confirmed: true });
  expect(await agent.next()).toMatchObject({ type: 'snapshot', revision: 5 });
  const again = await manager.call('PUT', '/datapaths/dp-br0/adopt');
  expect(again).toMatchObject({ status: 400 });
  expect(again.body.message).toContain('dp-br0 has nothing to adopt');
});

it('tells an agent of the version before nothing either', async () => {
  await using manager = await testManager();
  using agent = await testAgent(manager.url, { ...hello, store: 'another', revision: 40 });
  holding(agent, 'if-lost');
  await registerNetwork(manager);
  await manager.done('PUT', '/datapaths/dp-br0/adopt', { confirm: 'true' });
  // The first that it hears.
  expect(await agent.next()).toMatchObject({ type: 'snapshot', revision: 5 });
});

it('serves every agent at once where the operator has started the manager so', async () => {
  await using manager = await testManager({ newStore: true });
  using agent = await testAgent(manager.url, ofAnother);
  expect(await agent.next()).toMatchObject({ type: 'snapshot', revision: 0 });
});

it('gives a snapshot to an agent that knows what the restored store has never had', async () => {
  using directory = mkdtempDisposableSync(join(tmpdir(), 'openvnet-manager-'));
  const [store, copy] = [join(directory.path, 'store.db'), join(directory.path, 'copy.db')];
  const before = await testManager({ store });
  await registerNetwork(before);
  const { hostname: host, port } = new URL(before.url);
  await backup({ store, listen: { host, port: Number(port) } }, copy);
  expect(statSync(copy).mode & 0o777).toBe(0o600);
  using agent = await testAgent(before.url, { ...hello, store: null, revision: null, epoch: null });
  await agent.next();
  await before.done('DELETE', '/interfaces/if-gw');
  const last = (await agent.next()) as { store: string; revision: number; epoch: string };
  await expect(restoreStore(copy, store)).rejects.toThrow('is in use');
  await before.close();
  await restoreStore(copy, store);

  await using after = await testManager({ store });
  for (const display_name of ['one', 'two']) await after.done('PUT', '/networks/nw-net1', { display_name });
  using again = await testAgent(after.url, { ...hello, ...pick(last) });
  const told = await again.next();
  expect(told).toMatchObject({ type: 'snapshot', store: last.store, revision: 7 });
  expect(told.type === 'snapshot' && told.rows.interface?.map(({ uuid }) => uuid)).toContain('if-gw');
});

function pick({ store, revision, epoch }: { store: string; revision: number; epoch: string }) {
  return { store, revision, epoch };
}
