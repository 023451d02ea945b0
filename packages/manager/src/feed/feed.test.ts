import { once } from 'node:events';
import { mkdtempDisposableSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { openStore } from '@openvnet/store';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { Agents } from '../status/agents.ts';
import { Registered } from '../status/registered.ts';
import { Strangers } from '../status/strangers.ts';
import { hello, registerNetwork, reportOf, testAgent, testManager } from '../testing.ts';
import { Feed } from './feed.ts';

const by = { author: 'test', request: null, message: null };
const fresh = { ...hello, store: null, revision: null };

describe('the feed', () => {
  it('gives a new agent everything, then what is committed', async () => {
    await using manager = await testManager();
    await registerNetwork(manager);
    using agent = await testAgent(manager.url, fresh);
    const first = await agent.next();
    if (first.type !== 'snapshot') throw new Error(first.type);
    expect(first.revision).toBe(5);
    expect(first.rows.interface?.map(({ uuid }) => uuid)).toEqual(['if-veth1', 'if-veth2', 'if-gw']);
    expect(first.rows.interface_port?.[0]).toMatchObject({ interface_id: 1, port_name: 'if-veth1', singular: true });
    expect(first.rows.interface?.[0]).not.toHaveProperty('created_at');
    expect(first.rows.interface?.[0]).not.toHaveProperty('updated_at');
    await manager.done('DELETE', '/interfaces/if-gw');
    expect(await agent.next()).toMatchObject({
      type: 'changes',
      store: first.store,
      revision: 6,
      changes: [
        { kind: 'interface_port', id: 3, row: null },
        { kind: 'ip_lease', id: 3, row: null },
        { kind: 'mac_lease', id: 3, row: null },
        { kind: 'interface_network', id: 3, row: null },
        { kind: 'interface', id: 3, row: null },
      ],
    });
  });

  it('brings an agent up to date that has been away', async () => {
    await using manager = await testManager();
    await registerNetwork(manager);
    using newcomer = await testAgent(manager.url, { ...fresh, node: 'other' });
    const { store, epoch } = (await newcomer.next()) as { store: string; epoch: string };
    const resume = async (revision: number, has: object = { epoch }) => {
      using agent = await testAgent(manager.url, { ...hello, store, revision, ...has });
      return await agent.next();
    };
    expect(await resume(5)).toEqual({ type: 'changes', store, epoch, revision: 5, changes: [] });
    expect(await resume(4)).toMatchObject({
      type: 'changes',
      revision: 5,
      changes: ['interface', 'interface_port', 'mac_lease', 'ip_lease', 'interface_network'].map((kind) => ({
        kind,
        id: 3,
      })),
    });
    expect(await resume(6)).toMatchObject({ type: 'snapshot', revision: 5 });
    expect(await resume(5, { epoch: 'another' })).toMatchObject({ type: 'snapshot', store });
    // An agent of the version before says no epoch, and is not told of which its copy is.
    expect(await resume(5, {})).toMatchObject({ type: 'snapshot', store });
  });

  it('goes on where it was when the manager starts again with its store', async () => {
    using directory = mkdtempDisposableSync(join(tmpdir(), 'openvnet-manager-'));
    const store = join(directory.path, 'store.db');
    const before = await testManager({ store });
    await registerNetwork(before);
    using agent = await testAgent(before.url, fresh);
    const first = (await agent.next()) as { revision: number; store: string; epoch: string };
    const { revision, store: id, epoch } = first;
    await before.close();
    expect((await agent.ended())[0]).toBe(1001);
    await using after = await testManager({ store });
    await after.done('PUT', '/networks/nw-net1', { display_name: 'other' });
    using again = await testAgent(after.url, { ...hello, store: id, revision, epoch });
    expect(await again.next()).toMatchObject({
      type: 'changes',
      store: id,
      revision: revision + 1,
      changes: [{ kind: 'network', row: { display_name: 'other' } }],
    });
    await after.done('PUT', '/networks/nw-net1', { display_name: 'another' });
    const last = await again.next();
    if (last.type !== 'changes') throw new Error(last.type);
    expect(last.changes[0]?.row).toMatchObject({ display_name: 'another' });
    expect(last.changes[0]?.row).not.toHaveProperty('updated_at');
  });

  it('takes commits of one turn together, each object once', async () => {
    await using manager = await testManager();
    await registerNetwork(manager);
    using agent = await testAgent(manager.url, fresh);
    await agent.next();
    const names = ['a', 'b', 'c', 'd', 'e', 'f'];
    await Promise.all(names.map((display_name) => manager.done('PUT', '/networks/nw-net1', { display_name })));
    let seen = 0;
    let message = await agent.next();
    while (message.type === 'changes' && message.revision < 11) {
      seen++;
      message = await agent.next();
    }
    expect(message).toMatchObject({ revision: 11, changes: [{ kind: 'network', row: { display_name: 'f' } }] });
    expect(seen).toBeLessThan(names.length);
  });

  it('ends a connection that says what is no message, with the reason', async () => {
    await using manager = await testManager();
    for (const [said, reason] of [
      ['{', /^message: /],
      ['"hello"', /^message: /],
      [JSON.stringify({ ...fresh, node: '' }), /^node: expected a letter or digit, then /],
      [JSON.stringify({ ...fresh, node: 'a\u001b[2J' }), /^node: /],
      [JSON.stringify({ ...fresh, node: '$(id)' }), /^node: /],
      [JSON.stringify(reportOf(1)), /^the first message must be hello$/],
      [JSON.stringify({ ...fresh, pid: 'ü'.repeat(200) }), /^pid: /],
    ] as const) {
      using agent = await testAgent(manager.url);
      agent.socket.send(said);
      const [code, why] = await agent.ended();
      expect(code).toBe(1008);
      expect(why).toMatch(reason);
    }
    using agent = await testAgent(manager.url, fresh);
    await agent.next();
    agent.say(fresh);
    expect(await agent.ended()).toEqual([1008, 'hello was sent twice']);
  });

  it('disconnects an agent that does not read', async () => {
    await using store = await openStore('memory');
    const agents = new Agents();
    using strangers = new Strangers(agents, await Registered.open(store));
    const logger = pino({ level: 'silent' });
    using feed = new Feed({ store, agents, strangers, logger }, { bufferedBytes: 1 << 16 });
    await using server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    feed.attach(server, { allowHost: [], corsOrigin: [] });
    const { port } = server.address() as AddressInfo;
    using agent = await testAgent(`http://127.0.0.1:${port}`, fresh);
    await agent.next();
    agent.socket.pause();
    const blank = { ipv4_network: 0, ipv4_prefix: 24 };
    const { value: rows } = await store.transaction(by, (tx) =>
      Promise.all(
        Array.from({ length: 1000 }, (_, i) => tx.insert('network', { uuid: `nw-${i}`, display_name: '', ...blank })),
      ),
    );
    let rounds = 0;
    for (; rounds < 200 && agents.all()[0]?.connection; rounds++) {
      const display_name = String(rounds).padEnd(250, 'x');
      await store.transaction(by, (tx) =>
        Promise.all(rows.map(({ id }) => tx.update('network', id, { display_name }))),
      );
      await delay(1);
    }
    expect(rounds).toBeGreaterThan(1);
    expect(agents.all()[0]?.connection).toBeUndefined();
  }, 20_000);

  it('is at no other path', async () => {
    await using manager = await testManager();
    await expect(testAgent(`${manager.url}/other`)).rejects.toThrow('404');
  });
});
