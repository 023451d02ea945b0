/** Where interfaces are, as agents of several hosts report it over real connections. */
import { mkdtempDisposableSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as delay } from 'node:timers/promises';
import type { Bound, ToManager } from '@openvnet/model';
import { afterEach, describe, expect, it, vi } from 'vitest';
import {
  hello,
  registerNetwork,
  reportOf,
  type TestAgent,
  type TestManager,
  testAgent,
  testManager,
} from '../testing.ts';

const dpids = { 1: '000002fdee8e0a44', 2: '00000000000000b2', 3: '00000000000000b3' } as const;
type Host = keyof typeof dpids;

async function threeHosts(store = 'memory'): Promise<TestManager> {
  const manager = await testManager({ store });
  await registerNetwork(manager);
  for (const host of [2, 3] as const) {
    const form = { uuid: `dp-br${host}`, display_name: 'br0', dpid: `0x${dpids[host]}`, node_id: `node${host}` };
    await manager.done('POST', '/datapaths', form);
  }
  return manager;
}

async function agentOf(manager: TestManager, host: Host): Promise<TestAgent> {
  const who = { ...hello, node: `node${host}`, hostname: `host${host}`, machine: String(host), started_at: 1 };
  const agent = await testAgent(manager.url, { ...who, store: null, revision: null });
  await agent.next();
  return agent;
}

/** What an agent says that serves its bridge, and has the interfaces `ids` at ports; whole unless `more` says otherwise. */
function report(host: Host, ids: readonly number[], more: object = {}): ToManager {
  const said = reportOf(1) as Extract<ToManager, { type: 'report' }>;
  const set = ids.map((id): Bound => ({ ...at(host, id), link: 'up' }));
  return {
    ...said,
    bridges: [{ ...said.bridges![0]!, dpid: dpids[host] }],
    bound: { set, gone: [], whole: true },
    ...more,
  };
}

function at(host: Host, interface_id: number): Omit<Bound, 'link'> {
  return { interface_id, datapath_id: host, port_name: `if-veth${interface_id}`, port_number: interface_id + 10 };
}

/** The placements of `if-veth1` as `datapath`, or `(datapath)` where it stands by. */
async function placesOf({ done }: TestManager): Promise<string[]> {
  const { items: rows } = await done('GET', '/interfaces/if-veth1/active_interfaces');
  return rows.map(({ datapath_uuid, standby }: { datapath_uuid: string; standby: boolean }) =>
    standby ? `(${datapath_uuid})` : datapath_uuid,
  );
}

const isPlaced = ({ done }: TestManager, uuid: string) =>
  expect.poll(async () => (await done('GET', `/interfaces/${uuid}/active_interfaces`)).items).toHaveLength(1);

const places = (manager: TestManager) => expect.poll(() => placesOf(manager));

/** The first host has a port of `if-veth1`, and then the second one as well. */
async function plugOnBoth(manager: TestManager, one: TestAgent, two: TestAgent): Promise<void> {
  one.say(report(1, [1]));
  await places(manager).toEqual(['dp-br0']);
  two.say(report(2, [1]));
  await places(manager).toEqual(['dp-br0', '(dp-br2)']);
}

async function onBothHosts() {
  const manager = await threeHosts();
  const [one, two] = [await agentOf(manager, 1), await agentOf(manager, 2)];
  await plugOnBoth(manager, one, two);
  const end = async (): Promise<void> => {
    one[Symbol.dispose]();
    two[Symbol.dispose]();
    await manager.close();
  };
  return { manager, one, two, [Symbol.asyncDispose]: end };
}

describe('the place of an interface', () => {
  it('is written down when a host reports its port', async () => {
    await using manager = await threeHosts();
    using one = await agentOf(manager, 1);
    one.say(report(1, [1]));
    await places(manager).toEqual(['dp-br0']);
    one.say(report(1, []));
    await places(manager).toEqual([]);
  });

  it('stays with the first host until that has lost the port', async () => {
    await using manager = await threeHosts();
    using one = await agentOf(manager, 1);
    using two = await agentOf(manager, 2);
    using three = await agentOf(manager, 3);
    await plugOnBoth(manager, one, two);
    three.say(report(3, [1]));
    await places(manager).toEqual(['dp-br0', '(dp-br2)', '(dp-br3)']);
    one.say(report(1, [], { bound: { set: [], gone: [[1, 1]], whole: false } }));
    await places(manager).toEqual(['dp-br2', '(dp-br3)']);
  });

  it('moves to the host where the guest is heard', async () => {
    await using both = await onBothHosts();
    const { manager, one, two } = both;
    two.say(report(2, [], { bound: undefined, heard: [[1, 2]] }));
    await places(manager).toEqual(['(dp-br0)', 'dp-br2']);
    // The first host loses the port: nothing moves again.
    one.say(report(1, []));
    await places(manager).toEqual(['dp-br2']);
  });

  it('moves as soon as the port is reported, if the guest is heard before', async () => {
    await using manager = await threeHosts();
    using one = await agentOf(manager, 1);
    using two = await agentOf(manager, 2);
    one.say(report(1, [1]));
    await places(manager).toEqual(['dp-br0']);
    two.say(report(2, [1], { heard: [[1, 2]] }));
    await places(manager).toEqual(['(dp-br0)', 'dp-br2']);
  });

  it('does not move to a host that has no port of it, or that another agent serves', async () => {
    await using manager = await threeHosts();
    using one = await agentOf(manager, 1);
    using two = await agentOf(manager, 2);
    using three = await agentOf(manager, 3);
    await plugOnBoth(manager, one, two);
    const heard = [2, 3].map((datapath) => [1, datapath]);
    three.say(report(3, [2], { heard }));
    await isPlaced(manager, 'if-veth2');
    expect(await placesOf(manager)).toEqual(['dp-br0', '(dp-br2)']);
  });

  it('stays when two guests are heard by turns', async () => {
    await using both = await onBothHosts();
    const { manager, one, two } = both;
    const [atOne, atTwo] = [
      ['dp-br0', '(dp-br2)'],
      ['(dp-br0)', 'dp-br2'],
    ];
    for (const turn of [1, 2, 3, 4, 5]) {
      const [agent, host] = turn % 2 === 1 ? ([two, 2] as const) : ([one, 1] as const);
      agent.say(report(host, [1], { heard: [[1, host]] }));
      await places(manager).toEqual(host === 1 ? atOne : atTwo);
    }
    one.say(report(1, [1, 2], { heard: [[1, 1]] }));
    await isPlaced(manager, 'if-veth2');
    expect(await placesOf(manager)).toEqual(atTwo);
  });

  it('is none for a gateway, which is wherever it is asked', async () => {
    await using manager = await threeHosts();
    using one = await agentOf(manager, 1);
    const gateway = { interface_id: 3, datapath_id: 1, port_name: null, port_number: null, link: null };
    one.say(report(1, [1], { bound: { set: [gateway, { ...at(1, 1), link: null }], gone: [], whole: true } }));
    await places(manager).toEqual(['dp-br0']);
    expect((await manager.done('GET', '/interfaces/if-gw/active_interfaces')).items).toEqual([]);
  });

  it('stays while the agent is away, and while the manager is', async () => {
    using directory = mkdtempDisposableSync(join(tmpdir(), 'openvnet-manager-'));
    const store = join(directory.path, 'store.db');
    const before = await threeHosts(store);
    const one = await agentOf(before, 1);
    one.say(report(1, [1]));
    await places(before).toEqual(['dp-br0']);
    one[Symbol.dispose]();
    await expect.poll(async () => (await before.done('GET', '/status')).agents[0].connected).toBe(false);
    expect(await placesOf(before)).toEqual(['dp-br0']);
    await before.close();
    await using after = await testManager({ store });
    expect(await placesOf(after)).toEqual(['dp-br0']);
    using two = await agentOf(after, 2);
    two.say(report(2, [1]));
    await places(after).toEqual(['dp-br0', '(dp-br2)']);
    // The port went while nobody looked.
    using again = await agentOf(after, 1);
    again.say(report(1, []));
    await places(after).toEqual(['dp-br2']);
  });

  it('goes with the interface, and with the datapath', async () => {
    await using manager = await threeHosts();
    using one = await agentOf(manager, 1);
    using two = await agentOf(manager, 2);
    one.say(report(1, [1, 2]));
    await places(manager).toEqual(['dp-br0']);
    two.say(report(2, [1]));
    await places(manager).toEqual(['dp-br0', '(dp-br2)']);
    await manager.done('DELETE', '/datapaths/dp-br0');
    await places(manager).toEqual(['dp-br2']);
    await manager.done('DELETE', '/interfaces/if-veth1');
    two.say(report(2, [1]));
    two.say(report(2, []));
    await expect.poll(async () => (await manager.done('GET', '/status')).agents.length).toBe(2);
  });
});

describe('the status of an interface', () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  it('names ports on several hosts that have been there for longer than a guest takes to move', async () => {
    await using manager = await threeHosts();
    using one = await agentOf(manager, 1);
    using two = await agentOf(manager, 2);
    const notes = async (path: string): Promise<string[]> => (await manager.done('GET', path)).status.notes;
    await plugOnBoth(manager, one, two);
    expect([...(await notes('/interfaces/if-veth1')), ...(await notes('/datapaths/dp-br2'))]).toEqual([]);
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 125_000 });
    const both =
      'if-veth1 is at port if-veth1 on dp-br0 (host node1), and has port if-veth1 on dp-br2 (host node2) as well, the newest since 2 min ago; frames for it go to each of them. Remove those that are not in use. On node2, use: ovs-vsctl del-port br0 if-veth1';
    expect(await notes('/interfaces/if-veth1')).toEqual([both]);
    expect(await notes('/datapaths/dp-br2')).toEqual([both]);
    expect(await notes('/datapaths/dp-br0')).toEqual([]);
    const { datapaths } = await manager.done('GET', '/status');
    expect(datapaths.flatMap((datapath: { notes: string[] }) => datapath.notes)).toContain(both);
    one[Symbol.dispose]();
    const away = /^if-veth1 is at .* Host node1 is away\. If it does not come back, use: vnctl datapaths del dp-br0$/;
    await expect.poll(() => notes('/interfaces/if-veth1')).toContainEqual(expect.stringMatching(away));
    await manager.done('PUT', '/interfaces/if-veth1', { owner_datapath_uuid: 'dp-br0' });
    two.say(report(2, []));
    await places(manager).toEqual(['dp-br0']);
    expect(await notes('/interfaces/if-veth1')).toEqual([]);
  });

  it('names a port of its name on a host that is not the owner', async () => {
    await using manager = await threeHosts();
    using one = await agentOf(manager, 1);
    using two = await agentOf(manager, 2);
    const answerOf = (host: Host) => [
      { dpid: dpids[host], name: 'br0', found: [{ name: 'if-veth1', error: null }], spare: [] },
    ];
    for (const [agent, host] of [
      [one, 1],
      [two, 2],
    ] as const) {
      agent.answers = ({ about }) => (about === 'ports' ? answerOf(host) : []);
      agent.say(report(host, host === 1 ? [1] : []));
    }
    await places(manager).toEqual(['dp-br0']);
    const notes = async (): Promise<string[]> => (await manager.done('GET', '/interfaces/if-veth1')).status.notes;
    expect(await notes()).toEqual([]);
    await manager.done('PUT', '/interfaces/if-veth1', { owner_datapath_uuid: 'dp-br0' });
    expect(await notes()).toEqual([
      'port if-veth1 on dp-br2 (host node2) is not used, because the owner of if-veth1 is dp-br0. On node2, use: ovs-vsctl del-port br0 if-veth1',
    ]);
  });
});

describe('a network whose MTU does not fit the tunnel between two of its hosts', () => {
  it('is named in status, with the MTU that fits', async () => {
    await using manager = await threeHosts();
    const underlay = (host: Host) => ({
      underlay: { address: `192.0.2.${host}`, addresses: [`192.0.2.${host}`], mtu: 1500, problem: null },
    });
    await manager.done('PUT', '/networks/nw-net1', { mtu: '1500' });
    const notes = () => expect.poll(async () => (await manager.done('GET', '/networks/nw-net1')).status.notes);
    using one = await agentOf(manager, 1);
    using two = await agentOf(manager, 2);
    one.say(report(1, [1, 2], underlay(1)));
    two.say(report(2, [], underlay(2)));
    await places(manager).toEqual(['dp-br0']);
    await notes().toEqual([]);
    two.say(report(2, [2], underlay(2)));
    await notes().toEqual([
      'its MTU of 1500 bytes does not fit the tunnel between dp-br0 and dp-br2, which takes 1450. Use: vnctl networks modify nw-net1 --mtu 1450',
    ]);
    await manager.done('PUT', '/networks/nw-net1', { mtu: '1450' });
    await notes().toEqual([]);
  });
});

describe('the tunnel address of a host', () => {
  const underlay = { address: '192.0.2.1', addresses: ['192.0.2.1', '198.51.100.1'], mtu: 1600, problem: null };
  const addressOf = (manager: TestManager) =>
    expect.poll(async () => {
      const { tunnel_address, underlay_mtu } = await manager.done('GET', '/datapaths/dp-br0');
      return [tunnel_address, underlay_mtu];
    });

  it('is the one that its agent reports, unless the datapath has one that the host has', async () => {
    await using manager = await threeHosts();
    using one = await agentOf(manager, 1);
    one.say(report(1, [], { underlay }));
    await addressOf(manager).toEqual(['192.0.2.1', 1600]);
    await manager.done('PUT', '/datapaths/dp-br0', { ipv4_address: '198.51.100.1' });
    await addressOf(manager).toEqual(['198.51.100.1', 1600]);
    // As older registrations have any address there.
    await manager.done('PUT', '/datapaths/dp-br0', { ipv4_address: '10.102.0.91' });
    await addressOf(manager).toEqual(['192.0.2.1', 1600]);
    one.say(report(1, [], { underlay: { address: null, addresses: [], mtu: null, problem: null } }));
    await addressOf(manager).toEqual([null, null]);
  });

  it('is on a bridge that needs no registration beside the one for guests', async () => {
    await using manager = await threeHosts();
    using one = await agentOf(manager, 1);
    const said = report(1, [], { underlay: { ...underlay, device: 'br-phy' } }) as Extract<
      ToManager,
      { type: 'report' }
    >;
    const [guests] = said.bridges!;
    const phy = { ...guests!, dpid: '0000000000000fff', name: 'br-phy', connection: null, revision: null };
    const shown = () =>
      expect.poll(async () => {
        const { datapaths } = await manager.done('GET', '/status');
        return datapaths
          .filter(({ uuid }: { uuid: string | null }) => uuid === null)
          .map(({ bridge }: { bridge: string }) => bridge);
      });
    one.say({ ...said, bridges: [guests!, phy, { ...phy, dpid: '0000000000000ffe', name: 'br1' }] });
    await shown().toEqual(['br1']);
    one.say({ ...said, bridges: [phy] });
    await shown().toEqual(['br-phy']);
  });

  it('is the lease of a host interface with which a network is added to the datapath, as in the original', async () => {
    await using manager = await threeHosts();
    using one = await agentOf(manager, 1);
    one.say(report(1, [], { underlay: { ...underlay, mtus: [1600, 1500] } }));
    await addressOf(manager).toEqual(['192.0.2.1', 1600]);
    await manager.done('POST', '/networks', { uuid: 'nw-phy', ipv4_network: '198.51.100.0', mode: 'physical' });
    const eth = { uuid: 'if-eth', mode: 'host', network_uuid: 'nw-phy', ipv4_address: '198.51.100.1' };
    await manager.done('POST', '/interfaces', { ...eth, port_name: 'eth0', mac_address: '52:54:00:00:00:77' });
    await manager.done('POST', '/datapaths/dp-br0/networks/nw-net1', { interface_uuid: 'if-eth' });
    await addressOf(manager).toEqual(['198.51.100.1', 1500]);
    // Whatever is registered for the datapath itself comes first, and an address that the host does not have does not count.
    await manager.done('PUT', '/datapaths/dp-br0', { ipv4_address: '192.0.2.1' });
    await addressOf(manager).toEqual(['192.0.2.1', 1600]);
    await manager.done('PUT', '/datapaths/dp-br0', { ipv4_address: '10.102.0.91' });
    await addressOf(manager).toEqual(['198.51.100.1', 1500]);
    one.say(report(1, [], { underlay: { ...underlay, addresses: ['192.0.2.1'], mtus: [1600] } }));
    await addressOf(manager).toEqual(['192.0.2.1', 1600]);
  });

  it('is known also where the datapath is registered after its host has reported', async () => {
    await using manager = await testManager();
    using one = await agentOf(manager, 1);
    one.say(report(1, [], { underlay }));
    await registerNetwork(manager);
    await addressOf(manager).toEqual(['192.0.2.1', 1600]);
  });
});

describe('what hosts report', () => {
  it('is written down once the database takes it, without a further report', async () => {
    using directory = mkdtempDisposableSync(join(tmpdir(), 'openvnet-manager-'));
    const store = join(directory.path, 'store.db');
    await (await threeHosts(store)).close();
    const database = new DatabaseSync(store);
    for (const event of ['INSERT ON active_interfaces', 'UPDATE ON datapaths'])
      database.exec(`CREATE TRIGGER "no ${event}" BEFORE ${event} WHEN (SELECT count(*) FROM networks) < 2
        BEGIN SELECT RAISE(ABORT, 'refused'); END`);
    database.close();
    await using manager = await testManager({ store });
    using one = await agentOf(manager, 1);
    one.say(report(1, [1], { underlay: { address: '192.0.2.1', addresses: ['192.0.2.1'], mtu: 1500, problem: null } }));
    const agents = async () => (await manager.done('GET', '/status')).agents;
    await expect.poll(agents).toEqual([expect.objectContaining({ node: 'node1' })]);
    await delay(200);
    expect(await placesOf(manager)).toEqual([]);
    await manager.done('POST', '/networks', { uuid: 'nw-2', ipv4_network: '10.2.0.0' });
    await expect.poll(() => placesOf(manager), { timeout: 5000 }).toEqual(['dp-br0']);
    const addressOf = async () => (await manager.done('GET', '/datapaths/dp-br0')).tunnel_address;
    await expect.poll(addressOf, { timeout: 5000 }).toBe('192.0.2.1');
  }, 15_000);
});
