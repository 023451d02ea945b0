import type { Question, TraceAnswer } from '@openvnet/model';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { hello, registerNetwork, type TestManager, testAgent, testManager } from '../testing.ts';

const leg = {
  title: '',
  packet: {},
  steps: [],
  arrived: false,
  verdict: 'no',
  blocked_by: 'if-veth2',
  cause: null,
  live: null,
};
const answer: TraceAnswer = {
  datapath_uuid: 'dp-br0',
  delivered: false,
  verdict: 'no',
  legs: [leg],
  against: [],
  notes: [],
};

let manager: TestManager;
beforeEach(async () => {
  manager = await testManager();
  await registerNetwork(manager);
});
afterEach(() => manager.close());

describe('GET /trace', () => {
  it('asks the agents, and adds what the object that is in the way waits for', async () => {
    using agent = await testAgent(manager.url, { ...hello, store: null, revision: null });
    const asked: Question[] = [];
    agent.answers = (question) => {
      asked.push(question);
      return answer;
    };
    await agent.next();
    const said = await manager.done(
      'GET',
      '/trace?from=if-veth1&to=if-veth2&protocol=tcp&port=22&size=1500&both=false',
    );
    expect(said).toMatchObject({ ...answer, notes: [expect.stringMatching(/^if-veth2: /)] });
    const whole = {
      about: 'trace',
      interface_id: 1,
      to: 0xac100102,
      protocol: 'tcp',
      port: 22,
      size: 1500,
      dont_fragment: false,
      both: false,
      live: false,
    };
    expect(asked).toEqual([whole, { about: 'ports', names: ['if-veth2'] }]);
  });

  it('says why nobody can answer, and refuses what it cannot read', async () => {
    const { delivered, verdict } = await manager.done('GET', '/trace?from=if-veth1&to=172.16.1.2');
    expect(delivered).toBe(false);
    expect(verdict).toMatch(/^if-veth1 is on no switch, so none of its packets is forwarded: /);
    for (const query of [
      'from=if-veth1',
      'from=if-none&to=1.1.1.1',
      'from=if-veth1&to=x',
      'from=if-veth1&to=1.1.1.1&port=0',
    ])
      expect((await manager.call('GET', `/trace?${query}`)).status, query).toBeGreaterThanOrEqual(400);
  });
});
