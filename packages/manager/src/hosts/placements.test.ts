/** Where interfaces are, as agents of several hosts report it over real connections. */
import { mkdtempDisposableSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Bound, ToManager } from '@openvnet/model';
import { describe, expect, it } from 'vitest';
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

const places = (manager: TestManager) => expect.poll(() => placesOf(manager));

describe('the place of an interface', () => {
  it('is written down when a host reports its port, and told to every host', async () => {
    await using manager = await threeHosts();
    using one = await agentOf(manager, 1);
    using two = await agentOf(manager, 2);
    one.say(report(1, [1]));
    await places(manager).toEqual(['dp-br0']);
    for (const agent of [one, two]) {
      const row = expect.objectContaining({ interface_id: 1, datapath_id: 1, port_name: 'if-veth1', port_number: 11 });
      expect(await agent.next()).toMatchObject({ type: 'changes', changes: [{ kind: 'active_interface', row }] });
    }
    one.say(report(1, []));
    await places(manager).toEqual([]);
  });

  it('stays with the first host until that has lost the port', async () => {
    await using manager = await threeHosts();
    using one = await agentOf(manager, 1);
    using two = await agentOf(manager, 2);
    using three = await agentOf(manager, 3);
    one.say(report(1, [1]));
    await places(manager).toEqual(['dp-br0']);
    two.say(report(2, [1]));
    await places(manager).toEqual(['dp-br0', '(dp-br2)']);
    three.say(report(3, [1]));
    await places(manager).toEqual(['dp-br0', '(dp-br2)', '(dp-br3)']);
    one.say(report(1, [], { bound: { set: [], gone: [[1, 1]], whole: false } }));
    await places(manager).toEqual(['dp-br2', '(dp-br3)']);
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

  it('is known also where the datapath is registered after its host has reported', async () => {
    await using manager = await testManager();
    using one = await agentOf(manager, 1);
    one.say(report(1, [], { underlay }));
    await registerNetwork(manager);
    await addressOf(manager).toEqual(['192.0.2.1', 1600]);
  });
});
