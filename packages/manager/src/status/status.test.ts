import type { ToManager } from '@openvnet/model';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  hello,
  registerNetwork,
  reportOf,
  type TestAgent,
  type TestManager,
  testAgent,
  testManager,
} from '../testing.ts';

let manager: TestManager;
const agents: TestAgent[] = [];
beforeEach(async () => {
  manager = await testManager();
  await registerNetwork(manager);
});
afterEach(async () => {
  for (const agent of agents.splice(0)) agent[Symbol.dispose]();
  await manager.close();
});

async function connect(node = 'node1'): Promise<TestAgent> {
  const agent = await testAgent(manager.url, { ...hello, node, store: null, revision: null });
  agents.push(agent);
  await agent.next();
  return agent;
}

/** Says something and waits until it has been heard. */
async function tell(agent: TestAgent, message: ToManager): Promise<void> {
  agent.say(message);
  agent.socket.ping();
  await new Promise((resolve) => agent.socket.once('pong', resolve));
}

const statusOf = async (path: string) => (await manager.done('GET', path)).status;
const bound = (interface_id: number, name: string, link: 'up' | 'down' = 'up') => ({
  set: [{ interface_id, datapath_id: 1, port_name: name, port_number: 4, link }],
  gone: [],
  whole: false,
});

describe('a status', () => {
  it('says that no agent is there, and how to start one', async () => {
    const waits_for = [
      `no agent is connected to this manager. Start one on each host. Use: vna --manager ${manager.url}`,
    ];
    for (const path of ['/networks/nw-net1', '/interfaces/if-veth1', '/interfaces/if-gw', '/datapaths/dp-br0']) {
      expect(await statusOf(path)).toEqual({ realised: false, on: [], waits_for, notes: [] });
    }
  });

  it('notes addresses that are allowed and that hardly anybody can use; a MAC address of a group is refused', async () => {
    const iface = { mode: 'vif', network_uuid: 'nw-odd', mac_address: '52:54:00:00:09:01' };
    await manager.done('POST', '/networks', { uuid: 'nw-odd', ipv4_network: '10.9.9.5', ipv4_prefix: '24' });
    expect((await statusOf('/networks/nw-odd')).notes).toEqual([
      '10.9.9.5/24 has host bits set; the network is 10.9.9.0/24',
    ]);
    await manager.done('POST', '/interfaces', { uuid: 'if-odd', ...iface, ipv4_address: '10.9.9.0' });
    const last = { uuid: 'il-last', interface_uuid: 'if-odd', network_uuid: 'nw-odd', ipv4_address: '10.9.9.255' };
    await manager.done('POST', '/ip_leases', last);
    expect((await statusOf('/ip_leases/il-last')).notes).toEqual([
      '10.9.9.255 is the broadcast address of nw-odd; most guests cannot use it',
    ]);
    for (const mac_address of ['ff:ff:ff:ff:ff:ff', '01:00:5e:00:00:01', '00:00:00:00:00:00']) {
      const refused = await manager.call('POST', '/mac_leases', { interface_uuid: 'if-odd', mac_address });
      expect([refused.status, JSON.stringify(refused.body)]).toEqual([
        400,
        expect.stringContaining('not broadcast or multicast'),
      ]);
      const made = await manager.call('POST', '/interfaces', { mode: 'vif', mac_address });
      expect(made.status).toBe(400);
    }
  });

  it('names the networks that an uplink does not carry, because it carries another', async () => {
    const agent = await connect();
    const network = { mode: 'physical', ipv4_prefix: '24' };
    for (const n of ['1', '2'])
      await manager.done('POST', '/networks', { uuid: `nw-out${n}`, ipv4_network: `10.9.${n}.0`, ...network });
    await manager.done('POST', '/networks', { uuid: 'nw-inner', mode: 'virtual', ipv4_network: '10.9.3.0' });
    const leased = { network_uuid: 'nw-out2', ipv4_address: '10.9.2.5', mac_address: '52:54:00:00:09:01' };
    const made = { uuid: 'if-out', mode: 'host', port_name: 'eth0', owner_datapath_uuid: 'dp-br0', ...leased };
    await manager.done('POST', '/interfaces', made);
    for (const uuid of ['nw-out1', 'nw-out2', 'nw-inner'])
      await manager.done('POST', `/datapaths/dp-br0/networks/${uuid}`, { interface_uuid: 'if-out' });
    const { notes } = await statusOf('/interfaces/if-out');
    expect(notes).toEqual([]);
    await tell(agent, reportOf(9, { bound: bound(4, 'eth0') }));
    expect((await statusOf('/interfaces/if-out')).notes).toEqual([
      'port eth0 carries nw-out2 and not nw-out1, because an uplink carries one network. Use: vnctl datapaths networks del dp-br0 nw-out1',
    ]);
    await manager.done('DELETE', '/datapaths/dp-br0/networks/nw-out1');
    expect((await statusOf('/interfaces/if-out')).notes).toEqual([]);
    const more = { network_uuid: 'nw-out1', ipv4_address: '10.9.1.5', interface_uuid: 'if-out' };
    await manager.done('POST', '/ip_leases', more);
    expect((await statusOf('/interfaces/if-out')).notes).toEqual([
      'port eth0 carries nw-out2 and not nw-out1, because an uplink carries one network. Use: vnctl interfaces add --mode promiscuous --port-name PORT --network-uuid nw-out1 --ipv4-address ADDRESS --mac-address MAC',
    ]);
  });

  it('says that a datapath was never seen, and what was', async () => {
    const agent = await connect();
    await tell(agent, { type: 'report', revision: 5, problem: null, bridges: [] });
    const never = 'dp-br0: no bridge with datapath id 0x000002fdee8e0a44 on node1';
    expect((await statusOf('/datapaths/dp-br0')).waits_for).toEqual([
      `${never}. Use: ovs-vsctl --may-exist add-br br0 -- set bridge br0 other-config:datapath-id=000002fdee8e0a44`,
    ]);
    const other = reportOf(5) as Extract<ToManager, { type: 'report' }>;
    const bridge = { ...other.bridges![0]!, dpid: '0000aabbccddeeff', name: 'br-Ext_1' };
    await tell(agent, { ...other, bridges: [bridge] });
    expect((await statusOf('/interfaces/if-veth1')).waits_for).toEqual([
      `${never}; bridge br-Ext_1 on node1 has 0x0000aabbccddeeff and is not registered. Use: vnctl datapaths modify dp-br0 --dpid 0x0000aabbccddeeff`,
    ]);
    const { datapaths } = await manager.done('GET', '/status');
    expect(datapaths).toMatchObject([
      { uuid: 'dp-br0', bridge: null, register: null },
      {
        uuid: null,
        bridge: 'br-Ext_1',
        register:
          'vnctl datapaths add --uuid dp-brext1 --display-name br-Ext_1 --dpid 0x0000aabbccddeeff --node-id node1',
      },
    ]);
    await tell(agent, { ...other, bridges: [], problem: 'Open vSwitch is not running' });
    expect((await statusOf('/networks/nw-net1')).waits_for).toEqual([
      `${never}; agent node1 says: Open vSwitch is not running`,
    ]);
  });

  it('follows a guest from its missing port to its flows', async () => {
    const agent = await connect();
    await tell(agent, reportOf(5));
    expect((await statusOf('/interfaces/if-veth1')).waits_for).toEqual(['no port named if-veth1 on dp-br0']);
    await tell(agent, reportOf(5, { bound: bound(1, 'if-veth1', 'down') }));
    expect(await statusOf('/interfaces/if-veth1')).toEqual({
      realised: true,
      on: [{ datapath_uuid: 'dp-br0', port_name: 'if-veth1', port_number: 4 }],
      waits_for: [],
      notes: ['the link of port if-veth1 on dp-br0 is down. Use: ip link set if-veth1 up, on both ends of a veth pair'],
    });
    await manager.done('POST', '/ip_leases', {
      network_uuid: 'nw-net1',
      ipv4_address: '172.16.1.99',
      interface_uuid: 'if-veth1',
    });
    expect((await statusOf('/interfaces/if-veth1')).waits_for).toEqual([
      // What the agent has said of the port is a revision as well.
      'waits for dp-br0 on node1 to acknowledge revision 7; it has acknowledged 5',
    ]);
    await tell(agent, { type: 'report', revision: 7, problem: null });
    expect((await statusOf('/interfaces/if-veth1')).realised).toBe(true);
    await tell(agent, { type: 'report', revision: 7, problem: null, bound: { set: [], gone: [[1, 1]], whole: false } });
    expect((await statusOf('/interfaces/if-veth1')).realised).toBe(false);
  });

  it('asks for what an interface lacks', async () => {
    const agent = await connect();
    await manager.done('POST', '/interfaces', { uuid: 'if-bare', mode: 'simulated' });
    await manager.done('POST', '/interfaces', { uuid: 'if-up', mode: 'host', owner_datapath_uuid: 'dp-br0' });
    await tell(agent, reportOf(7));
    expect((await statusOf('/interfaces/if-bare')).waits_for).toEqual([
      'interface if-bare has no MAC lease. Use: vnctl mac-leases add --interface-uuid if-bare --mac-address MAC',
      'interface if-bare has no IP lease on a MAC lease. Use: vnctl ip-leases add --interface-uuid if-bare --network-uuid NETWORK --ipv4-address ADDRESS',
    ]);
    // The host's own port is there with the bridge, and the agent says so.
    expect((await statusOf('/interfaces/if-up')).realised).toBe(false);
    expect(await statusOf('/interfaces/if-gw')).toMatchObject({ realised: true, on: [{ datapath_uuid: 'dp-br0' }] });
  });

  it('passes on what the agent waits for, and what is wrong with a bridge', async () => {
    const agent = await connect();
    const waiting = [{ kind: 'network', id: 1, reason: 'two networks want the same number' }];
    await tell(agent, reportOf(5, { waiting }));
    expect((await statusOf('/networks/nw-net1')).waits_for).toEqual(['two networks want the same number']);
    await tell(agent, reportOf(5, { waiting: [] }));
    expect((await statusOf('/networks/nw-net1')).realised).toBe(true);
    const report = reportOf(null) as Extract<ToManager, { type: 'report' }>;
    await tell(agent, {
      ...report,
      bridges: [{ ...report.bridges![0]!, connection: null, problem: 'fail mode is standalone' }],
    });
    expect((await statusOf('/networks/nw-net1')).waits_for).toEqual([
      'bridge br0 on node1, which is dp-br0, is not served: fail mode is standalone',
    ]);
  });

  it('stays what it was while the agent is away, and says since when', async () => {
    const agent = await connect();
    await tell(agent, reportOf(5, { bound: bound(1, 'if-veth1') }));
    agent.socket.close();
    await agent.ended();
    await expect.poll(async () => (await manager.done('GET', '/status')).agents[0].connected).toBe(false);
    expect(await statusOf('/interfaces/if-veth1')).toMatchObject({
      realised: true,
      notes: [
        expect.stringMatching(
          /^agent node1 went away 0 s ago; the switch keeps its flows\. Use: vna --manager .* --node-id node1$/,
        ),
      ],
    });
    await manager.done('PUT', '/networks/nw-net1', { display_name: 'new' });
    expect((await statusOf('/networks/nw-net1')).waits_for).toEqual([
      expect.stringMatching(/^agent node1 went away 0 s ago and has not applied revision 7\. Use: vna /),
    ]);
  });

  it('notes a datapath that two agents of one host have', async () => {
    for (const node of ['node1', 'node2']) await tell(await connect(node), reportOf(5));
    const { notes } = await statusOf('/datapaths/dp-br0');
    expect(notes).toEqual([
      'dp-br0: several agents of host host1 serve bridge br0: node1 (pid 1), node2 (pid 1). Stop all but one. There, use: kill 1',
    ]);
  });
});

describe('frames that were refused', () => {
  it('are asked for, and told with the addresses that are allowed', async () => {
    const agent = await connect();
    await tell(agent, reportOf(5, { bound: bound(1, 'if-veth1') }));
    agent.refused = [{ interface_id: 1, frames: 12 }];
    expect((await statusOf('/interfaces/if-veth1')).notes).toEqual([
      '12 frames refused: if-veth1 may use only 52:54:00:0d:84:01, 172.16.1.1',
    ]);
    expect((await manager.done('GET', '/status')).refused).toEqual([
      { interface_uuid: 'if-veth1', frames: 12, allowed: '52:54:00:0d:84:01, 172.16.1.1' },
    ]);
  });

  it('are left out of an agent that does not answer within a second, and not of one that does', async () => {
    const [silent, other] = [await connect(), await connect('node2')];
    await tell(silent, reportOf(5, { bound: bound(1, 'if-veth1') }));
    await tell(other, reportOf(5));
    silent.refused = undefined;
    other.refused = [{ interface_id: 1, frames: 3 }];
    const start = performance.now();
    const { refused } = await manager.done('GET', '/status');
    const waited = performance.now() - start;
    expect(refused).toMatchObject([{ interface_uuid: 'if-veth1', frames: 3 }]);
    // It has waited for the answer, and only once, whatever else it asks.
    expect(waited).toBeGreaterThan(900);
    expect(waited).toBeLessThan(1900);
  });
});

it('a filter and a translation say that their interface does not use them', async () => {
  const agent = await connect();
  await tell(agent, reportOf(5));
  await manager.done('POST', '/filters', { uuid: 'fil-a', interface_uuid: 'if-veth1', mode: 'static' });
  await manager.done('POST', '/translations', { uuid: 'tr-a', interface_uuid: 'if-gw', mode: 'static_address' });
  expect((await statusOf('/filters/fil-a')).notes).toEqual([
    'if-veth1 has enable_filtering false, so everything passes. Use: vnctl interfaces modify if-veth1 --enable-filtering',
  ]);
  expect((await statusOf('/translations/tr-a')).notes).toEqual([
    'if-gw has enable_route_translation false, so nothing is translated. Use: vnctl interfaces modify if-gw --enable-route-translation',
  ]);
  await manager.done('PUT', '/interfaces/if-veth1', { enable_filtering: 'true' });
  expect((await statusOf('/filters/fil-a')).notes).toEqual([]);
});

describe('packets that were handed over', () => {
  it('are told with what came of them, as the agent says', async () => {
    const agent = await connect();
    await tell(agent, reportOf(5));
    const packets = { answered: 7, limited: 2, counts: { 'dhcp ack': 3, 'dns malformed': 4 } };
    agent.answers = ({ about }) => (about === 'packets' ? packets : undefined);
    expect((await manager.done('GET', '/status')).packets).toEqual([{ node: 'node1', ...packets }]);
    agent.answers = () => ({ answered: 'many' });
    expect((await manager.done('GET', '/status')).packets).toEqual([]);
  });
});

/** Waits for a revision of a network, longer than a test takes; returns when the manager has begun to wait. */
async function waitFor(revision: number) {
  const status = manager.done('GET', `/networks/nw-net1/status?wait=60&revision=${revision}`);
  const waiting = { status, isOver: false };
  const over = (): void => {
    waiting.isOver = true;
  };
  status.then(over, over);
  // Calls are answered in their order: the first has got as far as to wait.
  for (let calls = 0; calls < 3; calls++) await manager.done('GET', '/networks/nw-net1/status');
  return waiting;
}

describe('waiting', () => {
  it('ends as soon as the object is in effect at the revision', async () => {
    const agent = await connect();
    await tell(agent, reportOf(4));
    const [seventh, sixth] = [await waitFor(7), await waitFor(6)];
    await tell(agent, { type: 'report', revision: 6, problem: null });
    expect(await sixth.status).toMatchObject({ realised: true });
    // All who wait are looked at together: the other one was, too.
    await manager.done('GET', '/status');
    expect(seventh.isOver).toBe(false);
    await tell(agent, { type: 'report', revision: 7, problem: null });
    expect(await seventh.status).toMatchObject({ realised: true });
  });

  it('ends after its time with what it waits for, and when the object goes', async () => {
    const agent = await connect();
    await tell(agent, reportOf(5));
    expect(await manager.done('GET', '/networks/nw-net1/status?wait=1&revision=9')).toMatchObject({
      realised: false,
      waits_for: ['waits for dp-br0 on node1 to acknowledge revision 9; it has acknowledged 5'],
    });
    const waiting = await waitFor(9);
    await manager.done('DELETE', '/networks/nw-net1');
    await expect(waiting.status).rejects.toThrow('404');
    expect(await manager.call('GET', '/networks/nw-net1/status?wait=61')).toMatchObject({ status: 400 });
  });
});

it('the status of everything names what is not in effect', async () => {
  const agent = await connect();
  await tell(agent, reportOf(5, { bound: bound(1, 'if-veth1') }));
  const status = await manager.done('GET', '/status');
  expect(status).toEqual({
    manager: {
      version: '0.1.0',
      pid: process.pid,
      store: expect.any(String),
      revision: 6,
      started_at: expect.any(String),
      notes: [],
    },
    agents: [
      {
        node: 'node1',
        hostname: 'host1',
        address: '127.0.0.1',
        pid: 1,
        version: '0.1.0',
        connected: true,
        since: expect.any(String),
        revision: 5,
        problem: null,
        notes: [],
      },
    ],
    packets: [{ node: 'node1', answered: 0, limited: 0, counts: {} }],
    datapaths: [
      {
        uuid: 'dp-br0',
        dpid: '0x000002fdee8e0a44',
        bridge: 'br0',
        node: 'node1',
        connection: 'tcp:127.0.0.1:6633',
        ports: 2,
        flows: 10,
        revision: 5,
        tunnel_address: null,
        self_check: null,
        notes: [],
        register: null,
      },
    ],
    unrealised: [{ uuid: 'if-veth2', waits_for: ['no port named if-veth2 on dp-br0'] }],
    refused: [],
  });
});

it('says when a bridge was last computed anew, and what was wrong', async () => {
  const agent = await connect();
  const self_check = { at: '2026-01-01T00:00:00.000Z', items: 7, disagreements: 1, found: ['flows of table admit'] };
  const [bridge] = (reportOf(5) as Extract<ToManager, { type: 'report' }>).bridges!;
  await tell(agent, reportOf(5, { bridges: [{ ...bridge, self_check }] }));
  const { datapaths } = await manager.done('GET', '/status');
  expect(datapaths[0].self_check).toEqual(self_check);
});
