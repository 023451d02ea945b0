/** What somebody can do who poses as an agent: over real connections. */
import type { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { Report, SystemStatus } from '@openvnet/model';
import { describe, expect, it } from 'vitest';
import { hello, registerNetwork, reportOf, type TestManager, testAgent, testManager } from '../testing.ts';

const fresh = { ...hello, store: null, revision: null };

async function statusOf({ done }: TestManager): Promise<SystemStatus> {
  return done('GET', '/status');
}

async function until(holds: () => Promise<boolean> | boolean): Promise<void> {
  for (let i = 0; i < 400; i++) {
    if (await holds()) return;
    await delay(10);
  }
  throw new Error('it did not come to pass');
}

describe('a connection to the feed', () => {
  it('has a time to say hello', async () => {
    await using manager = await testManager({ feed: { helloMs: 100 } });
    using silent = await testAgent(manager.url);
    expect(await silent.ended()).toEqual([1008, 'no hello was received in time']);
  });

  it('says no more than a hello before it', async () => {
    await using manager = await testManager();
    using agent = await testAgent(manager.url);
    agent.socket.send(JSON.stringify({ ...fresh, version: 'x'.repeat(1 << 20) }));
    expect((await agent.ended())[0]).toBe(1006);
  });

  it('with half a message gives way where all together have too many, and others go on', async () => {
    await using manager = await testManager({ feed: { inboundBytes: 4 << 20 } });
    const halves = await Promise.all(
      Array.from({ length: 10 }, (_, i) => testAgent(manager.url, { ...fresh, node: `half${i}` })),
    );
    await Promise.all(halves.map((one) => one.next()));
    for (const { socket } of halves) socket.send('x'.repeat(1 << 20), { fin: false });
    await until(() => halves.filter(({ socket }) => socket.readyState === socket.CLOSED).length >= 6);
    using agent = await testAgent(manager.url, fresh);
    await agent.next();
    agent.say({ ...reportOf(0), problem: 'p'.repeat(2 << 20) } as never);
    await until(async () => (await statusOf(manager)).agents.some(({ problem }) => problem?.startsWith('ppp')));
    expect((await statusOf(manager)).agents.find(({ node }) => node === 'node1')!.problem).toHaveLength(4003);
    for (const one of halves) one[Symbol.dispose]();
  }, 20_000);

  it('is one of not too many', async () => {
    await using manager = await testManager({ feed: { connections: 2 } });
    using _one = await testAgent(manager.url);
    using _two = await testAgent(manager.url);
    await expect(testAgent(manager.url)).rejects.toThrow('503');
  });
});

describe('agents that nobody has registered', () => {
  it('are forgotten some time after they have gone; one of a registered datapath is not', async () => {
    await using manager = await testManager({ strangers: { rememberedMs: 50 } });
    await registerNetwork(manager);
    for (const node of ['node1', 'fake1', 'fake2']) {
      using agent = await testAgent(manager.url, { ...fresh, node });
      await agent.next();
    }
    await until(async () => (await statusOf(manager)).agents.length === 1);
    await delay(150);
    expect((await statusOf(manager)).agents).toMatchObject([{ node: 'node1', connected: false }]);
  });

  it('are no more than so many, and leave room for those that are', async () => {
    await using manager = await testManager({ strangers: { strangers: 2 } });
    await registerNetwork(manager);
    using one = await testAgent(manager.url, { ...fresh, node: 'fake1' });
    using two = await testAgent(manager.url, { ...fresh, node: 'fake2' });
    await Promise.all([one.next(), two.next()]);
    using three = await testAgent(manager.url, { ...fresh, node: 'fake3' });
    expect(await three.ended()).toEqual([1013, 'too many unregistered agents']);
    using known = await testAgent(manager.url, fresh);
    expect((await known.next()).type).toBe('snapshot');
    one.socket.terminate();
    await until(async () => (await statusOf(manager)).agents.some(({ connected }) => !connected));
    using four = await testAgent(manager.url, { ...fresh, node: 'fake4' });
    expect((await four.next()).type).toBe('snapshot');
  });

  it('cannot fill the memory with reports; those of a registered bridge may be long', async () => {
    await using manager = await testManager();
    await registerNetwork(manager);
    const waiting = Array.from({ length: 5000 }, (_, i) => ({
      kind: 'interface',
      id: i + 1,
      reason: 'waits for rain',
    }));
    using fake = await testAgent(manager.url, { ...fresh, node: 'fake' });
    await fake.next();
    fake.say({ ...reportOf(0), bridges: [], waiting } as never);
    expect(await fake.ended()).toEqual([1008, 'report of 5000 entries, though none of its bridges is registered']);
    using real = await testAgent(manager.url, { ...fresh, node: 'elsewhere' });
    await real.next();
    real.say(reportOf(0, { waiting }));
    await until(async () =>
      (await statusOf(manager)).unrealised.some(({ waits_for }) => waits_for.includes('waits for rain')),
    );
  });

  it('have 200,000 reasons for one object read in a moment', async () => {
    await using manager = await testManager();
    await registerNetwork(manager);
    using agent = await testAgent(manager.url, fresh);
    await agent.next();
    const waiting = Array.from({ length: 100_000 }, () => ({ kind: 'network', id: 1, reason: 'r' }));
    // Other programs of the machine do not count.
    const before = process.cpuUsage();
    agent.say(reportOf(0, { waiting }));
    await until(async () => (await statusOf(manager)).agents[0]!.revision === 0);
    const { user, system } = process.cpuUsage(before);
    expect((user + system) / 1000).toBeLessThan(4000);
  });
});

describe('what agents report', () => {
  it('reaches status without characters that a terminal obeys, and commands with it quoted', async () => {
    await using manager = await testManager();
    using agent = await testAgent(manager.url, { ...fresh, hostname: 'host\u001b[2J' });
    await agent.next();
    const name = 'br\u0007 $(reboot)\u202e';
    const bridge = {
      ...{
        dpid: '00000000000000ab',
        name,
        connection: null,
        problem: 'x\nmanager all is well',
        notes: ['\u001b]0;x\u0007'],
      },
      ...{ ports: 0, flows: null, revision: null },
    };
    agent.say({ type: 'report', revision: 0, problem: 'a\r\nb', bridges: [bridge] });
    await until(async () => (await statusOf(manager)).datapaths.length === 1);
    const status = await statusOf(manager);
    expect(status.agents).toMatchObject([{ hostname: 'host\\u{1b}[2J', problem: 'a\\r\\nb' }]);
    expect(status.datapaths).toMatchObject([
      {
        bridge: 'br\\u{7} $(reboot)\\u{202e}',
        notes: ['\\u{1b}]0;x\\u{7}', 'x\\nmanager all is well'],
        register:
          "vnctl datapaths add --uuid dp-bru7rebootu202e --display-name 'br\\u{7} $(reboot)\\u{202e}' --dpid 0x00000000000000ab --node-id node1",
      },
    ]);
  });
});

describe('a report', () => {
  const bridge = (reportOf(0) as Report).bridges![0]!;
  const bound = { interface_id: 1, datapath_id: 1, port_name: 'p', port_number: 1, link: null } as const;
  const of = (set: object): object => ({ bound: { set: [{ ...bound, ...set }], gone: [], whole: true } });
  it.each<[string, object, string]>([
    ['a revision that is no integer', { revision: 1.5 }, 'revision'],
    ['a negative revision', { revision: -1 }, 'revision'],
    ['a revision beyond what is counted', { revision: 1e300 }, 'revision'],
    ['a negative number of ports', { bridges: [{ ...bridge, ports: -1 }] }, 'bridges.0.ports'],
    ['a datapath id that is none', { bridges: [{ ...bridge, dpid: 'x'.repeat(16) }] }, 'bridges.0.dpid'],
    ['a bridge with a name without end', { bridges: [{ ...bridge, name: 'x'.repeat(256) }] }, 'bridges.0.name'],
    ['a port number beyond OpenFlow', of({ port_number: 2 ** 32 }), 'bound.set.0.port_number'],
    ['no object', of({ interface_id: 0 }), 'bound.set.0.interface_id'],
    ['more bridges than a host has', { bridges: Array.from({ length: 1001 }, () => bridge) }, 'bridges'],
  ])('with %s is refused, and names it', async (_, part, where) => {
    await using manager = await testManager();
    using agent = await testAgent(manager.url, fresh);
    await agent.next();
    agent.say({ ...reportOf(0), ...part } as never);
    const [code, reason] = await agent.ended();
    expect(code).toBe(1008);
    expect(reason).toMatch(new RegExp(`^${where.replaceAll('.', '\\.')}: `));
    expect((await statusOf(manager)).datapaths).toEqual([]);
  });

  it('of a registered agent is forgotten with it where all together report more than is kept', async () => {
    await using manager = await testManager({ feed: { reportBytes: 200_000 } });
    await registerNetwork(manager);
    using honest = await testAgent(manager.url, fresh);
    await honest.next();
    honest.say(reportOf(0));
    using greedy = await testAgent(manager.url, { ...fresh, node: 'greedy' });
    await greedy.next();
    const say = (from: number): void => {
      const set = Array.from({ length: 200 }, (_, i) => ({ ...bound, interface_id: 1, datapath_id: from + i + 1 }));
      greedy.say({ ...reportOf(0), bound: { set, gone: [], whole: false } } as never);
    };
    // The same again takes no more memory.
    for (let i = 0; i < 10; i++) say(0);
    for (let i = 1; i < 4; i++) say(i * 200);
    expect(await greedy.ended()).toEqual([1008, 'all agents together report more than is kept']);
    await until(async () => (await statusOf(manager)).agents.length === 1);
    expect((await statusOf(manager)).agents).toMatchObject([{ node: 'node1', connected: true }]);
  });
});

describe('a connection that is refused', () => {
  it('ends though the other end does not close it', async () => {
    await using manager = await testManager({ feed: { helloMs: 50, closeMs: 100 } });
    using agent = await testAgent(manager.url);
    let gone = false;
    agent.socket.pause();
    (agent.socket as unknown as { _socket: Socket })._socket.on('close', () => {
      gone = true;
    });
    await delay(600);
    // It notices when it reads again that there is nobody any more.
    agent.socket.resume();
    await until(() => gone);
  });
});
