import type { HostTrace, Question, TraceAnswer, TraceLeg } from '@openvnet/model';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  hello,
  registerNetwork,
  reportOf,
  type TestAgent,
  type TestManager,
  testAgent,
  testManager,
} from '../testing.ts';

const leg = {
  title: '',
  datapath_uuid: 'dp-br0',
  node: 'node1',
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

describe('GET /trace to another host', () => {
  const far = '0x000002fdee8e0a45';
  const copy = {
    datapath_id: 2,
    encapsulation: 'geneve',
    from: '10.9.9.1',
    to: '10.9.9.2',
    packet: { eth_type: '2048', tunnel_id: '1' },
  } as const;
  const leaving: HostTrace = {
    ...answer,
    verdict: 'sent to dp-br1',
    legs: [{ ...leg, arrived: true, blocked_by: null }],
    onward: [copy],
    leaves: true,
    receiver: null,
  };
  const arrived: HostTrace = {
    ...leaving,
    datapath_uuid: 'dp-br1',
    delivered: true,
    verdict: 'delivered to if-veth2',
    onward: [],
    leaves: false,
    receiver: { interface_id: 2, ip: 0xac100102, sender: 0xac100101 },
  };
  const underlay = { address: '10.9.9.2', addresses: ['10.9.9.2'], mtu: 1500, problem: null };
  const place = { port_name: 'p', port_number: 1, link: null };
  const reported = (id: number, more: object = {}) => {
    const { bridges } = reportOf(1) as { bridges: object[] };
    const bound = { set: [{ interface_id: id, datapath_id: id, ...place }], gone: [], whole: true };
    return reportOf(1, { bridges: [{ ...bridges[0], dpid: id === 2 ? far : '0x000002fdee8e0a44' }], bound, ...more });
  };
  const questions: [string, Question][] = [];

  async function start(id: number, answers: (question: Question) => unknown, more: object = {}): Promise<TestAgent> {
    const node = `node${id}`;
    const agent = await testAgent(manager.url, { ...hello, node, hostname: node, store: null, revision: null });
    agent.answers = (question) => {
      questions.push([node, question]);
      return answers(question);
    };
    await agent.next();
    agent.say(reported(id, more));
    return agent;
  }

  const traced = () => manager.done('GET', '/trace?from=if-veth1&to=if-veth2');

  beforeEach(async () => {
    questions.length = 0;
    const second = { uuid: 'dp-br1', display_name: 'br1', dpid: far, node_id: 'node2' };
    await manager.done('POST', '/datapaths', second);
  });

  it('goes on at the host that the packet is sent to, and comes back with the reply', async () => {
    const home = { ...arrived, datapath_uuid: 'dp-br0', verdict: 'delivered to if-veth1', receiver: null };
    using _one = await start(1, ({ about }) => (about === 'trace' ? leaving : home));
    const back = { ...leaving, onward: [{ ...copy, datapath_id: 1, to: '10.9.9.1' }] };
    using _two = await start(2, ({ about }) => (about === 'arrival' ? arrived : back), { underlay });
    await vi.waitFor(async () => expect((await traced()).delivered).toBe(true));
    questions.length = 0;
    const { legs, ...said } = await traced();
    expect(said).toMatchObject({
      datapath_uuid: 'dp-br1',
      delivered: true,
      verdict: 'delivered to if-veth2, and the reply comes back',
      against: [],
    });
    expect(legs.map(({ node }: TraceLeg) => node)).toEqual(['node1', 'node2', 'node2', 'node1']);
    expect(questions).toMatchObject([
      ['node1', { about: 'trace', interface_id: 1 }],
      ['node2', { about: 'arrival', ...copy, live: false }],
      ['node2', { about: 'trace', interface_id: 2, sender: 0xac100102, to: 0xac100101, reply: true }],
      ['node1', { about: 'arrival', datapath_id: 1 }],
    ]);
  });

  it('names the agent that is away, and a host without the address that is sent to', async () => {
    using _one = await start(1, () => leaving);
    await vi.waitFor(async () => expect(await traced()).toMatchObject({ untraced: true, delivered: false }));
    expect((await traced()).verdict).toBe(
      `it is sent to dp-br1 at 10.9.9.2, which no agent serves. Use: vna --manager ${manager.url} --node-id node2`,
    );
    const two = await start(2, () => ({ ...arrived, receiver: null }), {
      underlay: { ...underlay, addresses: ['10.9.9.3'] },
    });
    const against = 'no device of node2 has 10.9.9.2, to which others send for dp-br1';
    await vi.waitFor(async () =>
      expect(await traced()).toMatchObject({
        delivered: false,
        against: [against],
        verdict: `${against}; by its flows alone it would be delivered to if-veth2`,
      }),
    );
    two[Symbol.dispose]();
    await vi.waitFor(async () =>
      expect((await traced()).verdict).toMatch(
        /^it is sent to dp-br1 at 10\.9\.9\.2; agent node2 went away .*, and its switch goes on as it was\. Use: vna /,
      ),
    );
  });

  it('is contradicted by what the host of the sender knows', async () => {
    const large = 'the geneve tunnel carries packets of up to 1450 bytes';
    using _one = await start(1, () => ({ ...leaving, against: [large] }));
    using _two = await start(2, () => ({ ...arrived, receiver: null }), { underlay });
    await vi.waitFor(async () =>
      expect((await traced()).verdict).toBe(`${large}; by its flows alone it would be delivered to if-veth2`),
    );
  });

  it('of a broadcast tells what each host does with it', async () => {
    const both = { ...leaving, delivered: true, leaves: false, verdict: 'delivered to if-a, and sent to dp-br1' };
    using _one = await start(1, () => both);
    using _two = await start(2, () => ({ ...arrived, receiver: null }), { underlay });
    await vi.waitFor(async () =>
      expect((await traced()).verdict).toBe(
        'delivered to if-a, and sent to dp-br1 (dp-br0); delivered to if-veth2 (dp-br1)',
      ),
    );
  });

  it('with --live sends a frame, and says so if it does not arrive', async () => {
    let packets = 7;
    let arrives = true;
    using _one = await start(1, ({ about }) => {
      if (about === 'probe' && arrives) packets++;
      return about === 'probe' ? { packets: 1 } : leaving;
    });
    using _two = await start(2, ({ about }) => (about === 'heard' ? { packets } : { ...arrived, receiver: null }), {
      underlay,
    });
    const live = () => manager.done('GET', '/trace?from=if-veth1&to=if-veth2&live=true');
    await vi.waitFor(async () => expect((await live()).delivered).toBe(true), { timeout: 5000 });
    arrives = false;
    questions.length = 0;
    const { delivered, against } = await live();
    expect([delivered, against]).toEqual([
      false,
      [
        'a frame that was sent through the geneve tunnel from dp-br0 (10.9.9.1) to dp-br1 (10.9.9.2) did not arrive: the underlay must let UDP port 6081 pass between these addresses. On node1, use: ping -c 3 10.9.9.2',
      ],
    ]);
    expect(questions).toContainEqual(['node1', { about: 'probe', datapath_id: 1, peer_id: 2 }]);
  });
});
