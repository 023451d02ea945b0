/** What is said of hosts and of the tunnels between them, as their agents report over real connections. */
import type { ToManager, UnderlayReport } from '@openvnet/model';
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

const dpids = ['', '000002fdee8e0a44', '00000000000000b2'] as const;
const dp2 = { uuid: 'dp-br2', display_name: 'br0', dpid: `0x${dpids[2]}`, node_id: 'node2' };

let manager: TestManager;
beforeEach(async () => {
  manager = await testManager();
  await registerNetwork(manager);
  await manager.done('POST', '/datapaths', dp2);
});
afterEach(() => manager.close());

const underlay = (address: string | null, more: Partial<UnderlayReport> = {}): UnderlayReport => ({
  address,
  addresses: address === null ? ['192.0.2.9'] : [address],
  mtu: 1500,
  problem: null,
  ...more,
});

/** An agent on host 1 or 2, with the interface of that id at a port. */
async function host(id: 1 | 2, said: UnderlayReport, interfaces: readonly number[] = [id]): Promise<TestAgent> {
  const who = { ...hello, node: `node${id}`, hostname: `host${id}`, machine: String(id), started_at: 1 };
  const agent = await testAgent(manager.url, { ...who, store: null, revision: null });
  await agent.next();
  const { bridges, ...rest } = reportOf(99) as Extract<ToManager, { type: 'report' }>;
  const set = interfaces.map((interface_id) => {
    const port = { port_name: `if-veth${interface_id}`, port_number: interface_id, link: 'up' as const };
    return { interface_id, datapath_id: id, ...port };
  });
  const bound = { set, gone: [], whole: true };
  agent.say({ ...rest, bridges: [{ ...bridges![0]!, dpid: dpids[id] }], bound, underlay: said });
  return agent;
}

const statusOf = async (uuid: string) => (await manager.done('GET', `/explain?object=${uuid}`)).status;

describe('a datapath without a tunnel address', () => {
  it('waits for one, where another host has members of its networks', async () => {
    using _one = await host(1, underlay('192.0.2.1'));
    using _two = await host(2, underlay(null));
    await vi.waitFor(async () =>
      expect((await statusOf('dp-br2')).waits_for).toEqual([
        `dp-br2 has no tunnel address, so it cannot exchange frames with dp-br0: agent node2 reaches the manager from no address that other hosts reach. Give the agent an address, or the manager one other than 127.0.0.1. On node2, use: vna --manager ${manager.url} --node-id node2 --tunnel-address 192.0.2.9`,
      ]),
    );
    expect((await statusOf('dp-br0')).waits_for).toEqual([]);
  });

  it('waits for none, where no other host has one of its networks, or only one that no router joins', async () => {
    await manager.done('POST', '/networks', { uuid: 'nw-far', ipv4_network: '10.9.0.0' });
    const far = { uuid: 'if-far', network_uuid: 'nw-far', ipv4_address: '10.9.0.1' };
    await manager.done('POST', '/interfaces', far);
    using _one = await host(1, underlay(null), [1]);
    using _two = await host(2, underlay('192.0.2.2'), [4]);
    await vi.waitFor(async () => expect((await statusOf('if-far')).on).toHaveLength(1));
    expect((await statusOf('dp-br0')).waits_for).toEqual([]);
  });

  it('waits for none, where the other datapath is of the same host', async () => {
    using one = await host(1, underlay(null));
    const { bridges, ...rest } = reportOf(99) as Extract<ToManager, { type: 'report' }>;
    const set = [1, 2].map((id) => {
      const port = { port_name: `if-veth${id}`, port_number: id, link: 'up' as const };
      return { interface_id: id, datapath_id: id, ...port };
    });
    const both = [1, 2].map((id) => ({ ...bridges![0]!, dpid: dpids[id]! }));
    one.say({ ...rest, bridges: both, bound: { set, gone: [], whole: true } });
    await vi.waitFor(async () => expect((await statusOf('if-veth2')).on).toHaveLength(1));
    const places = async () => (await manager.done('GET', '/interfaces/if-veth2/active_interfaces')).items;
    await vi.waitFor(async () => expect(await places()).toHaveLength(1));
    expect((await statusOf('dp-br0')).waits_for).toEqual([]);
  });

  it('waits for one, where a router joins the networks', async () => {
    await manager.done('POST', '/networks', { uuid: 'nw-far', ipv4_network: '10.9.0.0' });
    await manager.done('POST', '/interfaces', { uuid: 'if-far', network_uuid: 'nw-far', ipv4_address: '10.9.0.1' });
    await manager.done('POST', '/route_links', { uuid: 'rl-r' });
    const gateway = { uuid: 'if-gw2', mode: 'simulated', network_uuid: 'nw-far', ipv4_address: '10.9.0.254' };
    await manager.done('POST', '/interfaces', gateway);
    for (const [interface_uuid, network_uuid, ipv4_network] of [
      ['if-gw', 'nw-net1', '172.16.1.0'],
      ['if-gw2', 'nw-far', '10.9.0.0'],
    ] as const)
      await manager.done('POST', '/routes', { interface_uuid, network_uuid, route_link_uuid: 'rl-r', ipv4_network });
    using _one = await host(1, underlay(null), [1]);
    using _two = await host(2, underlay('192.0.2.2'), [4]);
    await vi.waitFor(async () =>
      expect((await statusOf('dp-br0')).waits_for).toEqual([expect.stringContaining('with dp-br2: ')]),
    );
  });
});

describe('tunnel addresses that cannot be used', () => {
  it('are named: one of a device that is not there, one that two hosts have, one that the host does not have', async () => {
    const problem = 'no device of this host has the tunnel address 192.0.2.77';
    using _one = await host(1, underlay(null, { problem }));
    await vi.waitFor(async () => {
      const { agents } = await manager.done('GET', '/status');
      expect(agents[0].notes).toEqual([
        `${problem}. On node1, use: vna --manager ${manager.url} --node-id node1 --tunnel-address 192.0.2.9`,
      ]);
    });
    _one.say({ type: 'report', revision: 99, problem: null, underlay: underlay('192.0.2.2') });
    using _two = await host(2, underlay('192.0.2.2'));
    await vi.waitFor(async () =>
      expect((await statusOf('dp-br2')).waits_for).toEqual([
        expect.stringMatching(
          /^dp-br2 on node2 and dp-br0 on node1 have one tunnel address, 192\.0\.2\.2, so they cannot .* On node2, use: vna /,
        ),
      ]),
    );
    await manager.done('PUT', '/datapaths/dp-br0', { ipv4_address: '10.0.0.99' });
    const { status } = await manager.done('GET', '/explain?object=dp-br0');
    expect(status.notes).toContain(
      'dp-br0 has ipv4_address 10.0.0.99, which no device of node1 has: 192.0.2.2 is used. Use: vnctl datapaths modify dp-br0 --ipv4-address 192.0.2.2',
    );
  });
});

describe('hosts', () => {
  it('are listed with what one asks for first', async () => {
    using _one = await host(1, underlay('192.0.2.1'));
    const two = await host(2, underlay('192.0.2.2'));
    await vi.waitFor(async () => {
      const { hosts } = await manager.done('GET', '/hosts');
      expect(hosts).toMatchObject([
        { node: 'node1', health: 'ok', tunnel_address: '192.0.2.1', interfaces: 1, problems: [], behind: 0 },
        { node: 'node2', bridges: [{ bridge: 'br0', datapath_uuid: 'dp-br2', ports: 2, flows: 10 }] },
      ]);
    });
    two[Symbol.dispose]();
    await vi.waitFor(async () => {
      const { hosts } = await manager.done('GET', '/hosts');
      expect(hosts[1]).toMatchObject({
        health: 'away',
        problems: [expect.stringMatching(/^agent node2 went away .*Use: vna --manager \S+ --node-id node2$/)],
      });
    });
  });

  it('are explained: tunnels, interfaces and what they wait for', async () => {
    using one = await host(1, underlay('192.0.2.1'));
    using _two = await host(2, underlay('192.0.2.2'));
    await manager.done('PUT', '/datapaths/dp-br2', { encapsulation: 'vxlan' });
    one.say({
      type: 'report',
      revision: 99,
      problem: null,
      waiting: [{ kind: 'network', id: 1, reason: 'waits for x' }],
    });
    await vi.waitFor(async () =>
      expect((await manager.done('GET', '/explain?object=dp-br0')).details).toEqual([
        'vxlan tunnel to dp-br2 on node2, at 192.0.2.2, for packets of up to 1450 bytes',
        'interfaces here: if-veth1',
        'node1 waits for x',
      ]),
    );
    expect((await manager.done('GET', '/explain?object=if-veth2')).details).toEqual([
      'it is at dp-br2 on node2, at port if-veth2',
    ]);
  });

  it('have flows of their own', async () => {
    using one = await host(1, underlay('192.0.2.1'));
    using two = await host(2, underlay('192.0.2.2'));
    const asked: string[] = [];
    for (const [name, agent] of Object.entries({ one, two })) {
      agent.answers = () => {
        asked.push(name);
        return { flows: [], features: {}, notes: [] };
      };
    }
    await manager.done('GET', '/flows?host=node2');
    expect(asked).toEqual(['two']);
    const { body } = await manager.call('GET', '/flows?host=node9');
    expect(body).toMatchObject({ message: 'host: no agent has the node "node9"' });
    expect(body.hint).toBe('There are node1, node2. Use: vnctl hosts');
  });
});
