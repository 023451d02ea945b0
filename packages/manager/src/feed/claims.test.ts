/** Two agents that say one node name, over real connections: 127.0.0.1 and 127.0.0.2 stand for two hosts. */
import { setTimeout as delay } from 'node:timers/promises';
import type { SystemStatus } from '@openvnet/model';
import { describe, expect, it } from 'vitest';
import { hello, reportOf, type TestManager, testAgent, testManager } from '../testing.ts';

const real = { ...hello, machine: 'a'.repeat(32), started_at: 1000, store: null, revision: null };
const fake = { ...real, hostname: 'host2', machine: 'b'.repeat(32), started_at: 2000, pid: 2 };
const elsewhere = '127.0.0.2';

async function agentsOf({ done }: TestManager): Promise<SystemStatus['agents']> {
  return (await done('GET', '/status')).agents;
}

async function until(holds: () => Promise<boolean> | boolean): Promise<void> {
  for (let i = 0; i < 200; i++) {
    if (await holds()) return;
    await delay(10);
  }
  throw new Error('it did not come to pass');
}

/** Whether nothing more than `promise` is waiting for has come within a short time. */
function isPending(promise: Promise<unknown>): Promise<boolean> {
  return Promise.race([promise.then(() => false), delay(100).then(() => true)]);
}

describe('a node name that two hosts say', () => {
  it('stays with the agent that has it; the other one waits, and status names both', async () => {
    await using manager = await testManager();
    using first = await testAgent(manager.url, real);
    await first.next();
    first.say(reportOf(0));
    using second = await testAgent(manager.url, fake, elsewhere);
    const told = await second.next();
    expect(told).toEqual({
      type: 'wait',
      reason:
        'node node1 is in use by the agent of host1 (127.0.0.1, pid 1); this agent waits until that one disconnects. If both hosts are yours, start one with another name. Use: vna --node-id NAME',
    });
    // What it reports counts for nothing.
    second.say({ type: 'report', revision: 9, problem: 'all is well', bridges: [] });
    await manager.done('POST', '/networks', { ipv4_network: '10.0.0.0' });
    expect((await first.next()).type).toBe('changes');
    expect(await isPending(second.next())).toBe(true);
    expect(await agentsOf(manager)).toEqual([
      expect.objectContaining({
        node: 'node1',
        hostname: 'host1',
        address: '127.0.0.1',
        pid: 1,
        connected: true,
        problem: null,
        notes: [
          'host2 (127.0.0.2, pid 2) also claims to be node1 and waits until host1 (127.0.0.1, pid 1) disconnects. If both are yours, start one with another name. Use: vna --node-id node1-2',
        ],
      }),
    ]);
    second.socket.terminate();
    await until(async () => (await agentsOf(manager))[0]!.notes.length === 0);
  });

  it('is kept for its host for a while after that has gone, then the next one has it', async () => {
    await using manager = await testManager({ claims: { reservedMs: 1500 } });
    using first = await testAgent(manager.url, real);
    await first.next();
    first.say(reportOf(0));
    await until(async () => (await manager.done('GET', '/status')).datapaths.length === 1);
    using second = await testAgent(manager.url, fake, elsewhere);
    expect((await second.next()).type).toBe('wait');
    first.socket.terminate();
    const served = second.next();
    expect(await isPending(served)).toBe(true);
    using restarted = await testAgent(manager.url, { ...real, pid: 9, started_at: 3000 });
    expect((await restarted.next()).type).toBe('snapshot');
    restarted.socket.terminate();
    expect((await served).type).toBe('snapshot');
    const { agents, datapaths } = (await manager.done('GET', '/status')) as SystemStatus;
    expect(agents).toMatchObject([
      { node: 'node1', hostname: 'host2', address: elsewhere, connected: true, notes: [] },
    ]);
    // What the first host has said is not what the second one has.
    expect(datapaths).toEqual([]);
  });

  it('goes on to the other one when the first does not answer any more', async () => {
    await using manager = await testManager({ claims: { reservedMs: 50 }, feed: { aliveMs: 200 } });
    using first = await testAgent(manager.url, real);
    await first.next();
    first.socket.pause();
    using second = await testAgent(manager.url, fake, elsewhere);
    expect((await second.next()).type).toBe('wait');
    expect((await second.next()).type).toBe('snapshot');
  });

  it('makes nobody connect in a loop, however many wait', async () => {
    await using manager = await testManager({ claims: { rivals: 2 } });
    using first = await testAgent(manager.url, real);
    await first.next();
    const others = await Promise.all([1, 2, 3].map((pid) => testAgent(manager.url, { ...fake, pid }, elsewhere)));
    const ended = await Promise.race(others.map((one) => one.ended()));
    expect(ended).toEqual([4002, 'node node1 has another agent']);
    expect((await agentsOf(manager))[0]!.notes).toHaveLength(2);
    expect(first.socket.readyState).toBe(first.socket.OPEN);
    for (const one of others) one[Symbol.dispose]();
  });
});

describe('an agent that was started again', () => {
  it('on its host takes over at once, also while the connection of the one before is open', async () => {
    await using manager = await testManager();
    using older = await testAgent(manager.url, real);
    await older.next();
    older.say(reportOf(0));
    using newer = await testAgent(manager.url, { ...real, pid: 7, started_at: 1500 });
    expect((await newer.next()).type).toBe('snapshot');
    expect(await older.ended()).toEqual([4001, 'replaced by a newer agent of the same host (pid 7)']);
    expect(await agentsOf(manager)).toMatchObject([{ node: 'node1', pid: 7, connected: true, notes: [] }]);
    // The older one comes again, and does not take the name back.
    using again = await testAgent(manager.url, real);
    expect((await again.next()).type).toBe('wait');
    expect(newer.socket.readyState).toBe(newer.socket.OPEN);
  });

  it('with another name leaves no twin of itself', async () => {
    await using manager = await testManager();
    using older = await testAgent(manager.url, real);
    await older.next();
    older.say(reportOf(0));
    await until(async () => (await manager.done('GET', '/status')).datapaths.length === 1);
    older.socket.terminate();
    await until(async () => !(await agentsOf(manager))[0]!.connected);
    using newer = await testAgent(manager.url, { ...real, node: 'renamed', pid: 7, started_at: 1500 });
    await newer.next();
    newer.say(reportOf(0));
    await until(async () => (await agentsOf(manager)).length === 1);
    const { agents, datapaths } = (await manager.done('GET', '/status')) as SystemStatus;
    expect(agents).toMatchObject([{ node: 'renamed', connected: true }]);
    expect(datapaths).toMatchObject([{ node: 'renamed' }]);
  });

  it('is told from the one before by its host name where it does not say on which machine it is', async () => {
    await using manager = await testManager();
    const old = { ...hello, store: null, revision: null };
    const before = await testAgent(manager.url, old);
    await before.next();
    before[Symbol.dispose]();
    await until(async () => !(await agentsOf(manager))[0]!.connected);
    using after = await testAgent(manager.url, old);
    expect((await after.next()).type).toBe('snapshot');
    using other = await testAgent(manager.url, { ...old, hostname: 'host2' });
    // An older version would not understand that it has to wait.
    expect(await isPending(other.next())).toBe(true);
    expect((await agentsOf(manager))[0]!.notes).toHaveLength(1);
  });
});
