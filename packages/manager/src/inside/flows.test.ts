import type { Question, ShownFlow } from '@openvnet/model';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { hello, registerNetwork, type TestManager, testAgent, testManager } from '../testing.ts';

const flow: ShownFlow = {
  datapath_uuid: 'dp-br0',
  table: 'admit',
  priority: 1000,
  match: { in_port: 'if-veth1' },
  actions: [],
  next: null,
  feature: 'refused',
  object_uuid: 'if-veth1',
  interface_uuid: 'if-veth1',
  packets: 3,
  bytes: 126,
  age_seconds: 9,
};

let manager: TestManager;
beforeEach(async () => {
  manager = await testManager();
  await registerNetwork(manager);
});
afterEach(() => manager.close());

describe('GET /flows', () => {
  it('asks every agent, with the object by number, and gives what they say as one', async () => {
    using agent = await testAgent(manager.url, { ...hello, store: null, revision: null });
    const asked: Question[] = [];
    agent.answers = (question) => {
      asked.push(question);
      return { flows: [flow], features: { refused: 'Counts.' }, notes: ['dp-br1 is away'] };
    };
    await agent.next();
    expect(await manager.done('GET', '/flows?object=if-veth1&table=admit&datapath=dp-br0')).toEqual({
      flows: [flow],
      features: { refused: 'Counts.' },
      notes: ['node1: dp-br1 is away'],
    });
    const object = { kind: 'interface', id: 1 };
    expect(asked).toEqual([{ about: 'flows', object, table: 'admit', datapath_id: 1 }]);
  });

  it('has each switch read once at a time, and refuses what would wait too long', async () => {
    using agent = await testAgent(manager.url, { ...hello, store: null, revision: null });
    let [reading, most, reads] = [0, 0, 0];
    agent.answers = () => undefined;
    agent.socket.on('message', (data) => {
      const message = JSON.parse(String(data)) as { type: string; ask: number; question: Question };
      if (message.type !== 'ask') return;
      reads++;
      most = Math.max(most, ++reading);
      setTimeout(() => {
        reading--;
        agent.say({ type: 'answer', ask: message.ask, answer: { flows: [flow], features: {}, notes: [] } });
      }, 20);
    });
    await agent.next();
    const asked = await Promise.all(Array.from({ length: 20 }, () => manager.call('GET', '/flows')));
    const answered = asked.filter(({ status }) => status === 200);
    expect([answered.length, most, reads]).toEqual([8, 1, 8]);
    expect(asked.find(({ status }) => status === 503)!.body.message).toBe(
      'The switches of node1 are being read for 8 other requests; try again later',
    );
    expect((await manager.call('GET', '/flows')).status).toBe(200);
  });

  it('says who did not answer, and refuses what is no object', async () => {
    expect(await manager.done('GET', '/flows')).toEqual({
      flows: [],
      features: {},
      notes: ['no agent is connected to this manager, so no switch can be read'],
    });
    using agent = await testAgent(manager.url, { ...hello, store: null, revision: null });
    agent.answers = () => ({ flows: 'all' });
    await agent.next();
    expect((await manager.done('GET', '/flows')).notes).toEqual(['agent node1 did not answer']);
    expect(await manager.call('GET', '/flows?object=nonsense')).toMatchObject({ status: 400 });
    expect(await manager.call('GET', '/flows?object=if-none')).toMatchObject({ status: 404 });
  });
});
