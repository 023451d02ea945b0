import type { Applied, Topology } from '@openvnet/model';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { registerNetwork, type TestManager, testManager } from '../testing.ts';

let manager: TestManager;
beforeEach(async () => {
  manager = await testManager();
});
afterEach(() => manager.close());

async function apply(topology: unknown, how: object = {}, to = manager): Promise<Applied & { status: number }> {
  const query = new URLSearchParams(how as Record<string, string>);
  const answer = await to.app.inject({ method: 'POST', url: `/api/1.0/apply?${query}`, payload: { topology } });
  return { ...answer.json(), status: answer.statusCode };
}

/** A network with a guest, as a person writes it: leases and port come along with the interface. */
const written = {
  interfaces: [
    { uuid: 'if-a', network_uuid: 'nw-a', ipv4_address: '10.0.0.1', mac_address: '52:54:00:00:00:01' },
    {
      uuid: 'if-gate',
      mode: 'simulated',
      network_uuid: 'nw-a',
      ipv4_address: '10.0.0.254',
      mac_address: '52:54:00:00:00:fe',
    },
  ],
  routes: [{ uuid: 'r-a', interface_uuid: 'if-gate', route_link_uuid: 'rl-a', ipv4_network: '10.0.0.0' }],
  route_links: [{ uuid: 'rl-a' }],
  networks: [{ uuid: 'nw-a', ipv4_network: '10.0.0.0/16', display_name: 'a', mtu: 1400 }],
  datapaths: [{ uuid: 'dp-a', display_name: 'a', dpid: '0x1', node_id: 'node1', networks: [{ network_uuid: 'nw-a' }] }],
};

const objects = ({ changes }: Applied): string[] => changes.map(({ action, object }) => `${action} ${object}`);

describe('a topology', () => {
  it('is made in the order of its references, at one revision; the second time nothing changes', async () => {
    const first = await apply(written);
    expect(first).toMatchObject({ status: 200, applied: true });
    expect(objects(first).sort()).toEqual([
      'add datapaths dp-a',
      'add interfaces if-a',
      'add interfaces if-gate',
      'add networks nw-a',
      'add networks of dp-a: nw-a',
      'add route_links rl-a',
      'add routes r-a',
    ]);
    expect((await manager.done('GET', '/status')).manager.revision).toBe(1);
    expect((await apply(written, { delete: true })).changes).toEqual([]);
    expect((await manager.done('GET', '/status')).manager.revision).toBe(1);
  });

  it('may write a protocol as people do, and is the same the second time', async () => {
    const filters = [
      { uuid: 'fil-a', interface_uuid: 'if-a', mode: 'static', static: [{ protocol: 'all', action: 'pass' }] },
    ];
    expect((await apply({ ...written, filters })).status).toBe(200);
    expect((await apply({ ...written, filters }, { delete: true })).changes).toEqual([]);
  });

  it('that was exported gives the same export again in an empty store', async () => {
    await registerNetwork(manager);
    expect((await apply(written)).status).toBe(200);
    await manager.done('POST', '/interfaces/if-veth1/ports', { port_name: 'eth7', datapath_uuid: 'dp-a' });
    await manager.done('POST', '/interfaces', { uuid: 'if-bare', mode: 'simulated' });
    await manager.done('POST', '/filters', { uuid: 'fil-a', interface_uuid: 'if-a', mode: 'static' });
    await manager.done('POST', '/dns_services', {
      uuid: 'dnss-a',
      network_service_uuid: (
        await manager.done('POST', '/network_services', { type: 'dns', interface_uuid: 'if-gate' })
      ).uuid,
    });
    await manager.done('POST', '/dns_services/dnss-a/dns_records', {
      uuid: 'dnsr-a',
      name: 'a',
      ipv4_address: '10.0.0.1',
    });
    const exported = (await manager.done('GET', '/export')) as Topology;
    await using other = await testManager();
    expect(await apply(exported, {}, other)).toMatchObject({ status: 200, applied: true });
    expect(await other.done('GET', '/export')).toEqual(exported);
    expect((await apply(exported, { delete: true })).changes).toEqual([]);
  });

  it('changes what may change, and makes lists inside objects what they say', async () => {
    await apply(written);
    const next = {
      networks: [{ uuid: 'nw-a', ipv4_network: '10.0.0.0/16', display_name: 'b', mtu: 1300 }],
      datapaths: [{ uuid: 'dp-a', dpid: '1', node_id: 'node1', networks: [] }],
      interfaces: [{ uuid: 'if-a', ports: [{ port_name: 'eth1' }] }],
    };
    const rehearsed = await apply(next, { dry_run: true });
    expect(rehearsed.applied).toBe(false);
    const done = await apply(next);
    expect(done.changes).toEqual(rehearsed.changes);
    expect(done.changes[0]!.fields).toEqual({ display_name: { from: 'a', to: 'b' }, mtu: { from: 1400, to: 1300 } });
    expect(objects(done)).toEqual([
      'change networks nw-a',
      expect.stringMatching(/^remove ports of if-a: port_name if-a, /),
      'add ports of if-a: port_name eth1',
      'remove networks of dp-a: nw-a',
    ]);
  });

  it('with delete removes what it does not have, but not what came along with its interfaces', async () => {
    await apply(written);
    const { routes: _, route_links: __, ...rest } = written;
    expect(objects(await apply(rest))).toEqual([]);
    expect(objects(await apply(rest, { delete: true })).sort()).toEqual([
      'remove route_links rl-a',
      'remove routes r-a',
    ]);
    expect((await manager.done('GET', '/ip_leases')).total_count).toBe(2);
  });

  it('that is empty does not delete everything', async () => {
    await apply(written);
    for (const empty of [{}, { networks: [] }, { networks: null, filters: [] }]) {
      const message = 'topology: it is empty, so delete would remove every registered object';
      expect(await apply(empty, { delete: true })).toMatchObject({ status: 400, message });
      expect((await apply(empty, { delete: true, dry_run: true })).changes.length).toBeGreaterThan(0);
    }
    const bare = await manager.app.inject({ method: 'POST', url: '/api/1.0/apply?delete=true' });
    expect(bare.statusCode).toBe(400);
    expect(await apply(written, { delete: true })).toMatchObject({ status: 200, changes: [] });
  });

  it('is refused whole, with the object and the parameter', async () => {
    const good = { uuid: 'nw-b', ipv4_network: '10.1.0.0' };
    await apply(written);
    for (const [topology, message] of [
      [{ nets: [] }, /^nets: there is no such resource. Resources: .*networks/],
      [{ networks: [good, { ipv4_network: '10.0.0.0' }] }, /^networks\[1\]: uuid is missing/],
      [
        { networks: [good, { ...good, display_name: 'other' }] },
        /^networks nw-\S+: it occurs twice, as networks\[0\] and networks\[1\]$/,
      ],
      [{ networks: [{ ...good, colour: 'red' }] }, /^networks nw-b: there is no parameter colour. Parameters: uuid, /],
      [{ networks: [good, { uuid: 'nw-c' }] }, /^networks nw-c: ipv4_network is missing/],
      [{ networks: [good, { uuid: 'nw-c', ipv4_network: 'x' }] }, /^networks nw-c: Could not parse IPv4 address: x$/],
      [{ networks: [{ ...good, mtu: 575 }] }, /^networks nw-b: .*:parameter=>:mtu, :value=>575/],
      [
        { networks: [good, { uuid: 'nw-a', ipv4_network: '10.9.0.0' }] },
        /^networks nw-a: ipv4_network: is 10.0.0.0 and cannot be changed to 10.9.0.0/,
      ],
      [
        { networks: [good], interfaces: [{ uuid: 'if-a', ipv4_address: '10.0.0.9' }] },
        /^interfaces if-a: ipv4_address: is 10.0.0.1 and/,
      ],
      [
        { networks: [good], datapaths: [{ uuid: 'dp-a', networks: [{ network_uuid: 'nw-z' }] }] },
        /^networks of dp-a: .*nw-z/,
      ],
      [[], /topology/],
    ] as const) {
      const answer = await apply(topology);
      expect(answer, String(message)).toMatchObject({ message: expect.stringMatching(message) });
      expect(answer.status).toBeGreaterThanOrEqual(400);
    }
    expect((await manager.done('GET', '/networks')).total_count).toBe(1);
  });
});
