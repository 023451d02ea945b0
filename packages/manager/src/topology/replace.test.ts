import type { Applied, Topology } from '@openvnet/model';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type TestManager, testManager } from '../testing.ts';

let manager: TestManager;
beforeEach(async () => {
  manager = await testManager();
  expect(await apply(before)).toMatchObject({ status: 200 });
});
afterEach(() => manager.close());

async function apply(topology: unknown, how: object = {}): Promise<Applied & { status: number; hint?: string }> {
  const query = new URLSearchParams(how as Record<string, string>);
  const answer = await manager.app.inject({ method: 'POST', url: `/api/1.0/apply?${query}`, payload: { topology } });
  return { ...answer.json(), status: answer.statusCode };
}

const exported = async (): Promise<Topology> => (await manager.done('GET', '/export')) as Topology;
const objects = ({ changes }: Applied): string[] => changes.map(({ action, object }) => `${action} ${object}`).sort();

/** A network with a guest that has two addresses, a filter and a port of its own, and a gateway with a route and services. */
const before = {
  datapaths: [{ uuid: 'dp-a', display_name: 'a', dpid: '0x1', node_id: 'n', networks: [{ network_uuid: 'nw-a' }] }],
  networks: [{ uuid: 'nw-a', mode: 'virtual', ipv4_network: '10.0.0.0/24', display_name: 'a' }],
  interfaces: [
    { uuid: 'if-a', ports: [{ port_name: 'eth1' }], enable_filtering: true },
    { uuid: 'if-gw', mode: 'simulated' },
  ],
  mac_leases: [
    { uuid: 'ml-a', interface_uuid: 'if-a', mac_address: '52:54:00:00:00:01' },
    { uuid: 'ml-gw', interface_uuid: 'if-gw', mac_address: '52:54:00:00:00:fe' },
  ],
  ip_leases: [
    { uuid: 'il-a', network_uuid: 'nw-a', ipv4_address: '10.0.0.1', mac_lease_uuid: 'ml-a' },
    { uuid: 'il-b', network_uuid: 'nw-a', ipv4_address: '10.0.0.2', mac_lease_uuid: 'ml-a' },
    { uuid: 'il-gw', network_uuid: 'nw-a', ipv4_address: '10.0.0.254', mac_lease_uuid: 'ml-gw' },
  ],
  route_links: [{ uuid: 'rl-a' }],
  routes: [{ uuid: 'r-a', interface_uuid: 'if-gw', route_link_uuid: 'rl-a', ipv4_network: '10.0.0.0/24' }],
  filters: [{ uuid: 'fil-a', interface_uuid: 'if-a', mode: 'static', static: [{ protocol: 'icmp', action: 'pass' }] }],
  network_services: [{ uuid: 'ns-a', interface_uuid: 'if-gw', mode: 'dns' }],
  dns_services: [
    {
      uuid: 'dnss-a',
      network_service_uuid: 'ns-a',
      dns_records: [{ uuid: 'dnsr-a', name: 'a', ipv4_address: '10.0.0.1' }],
    },
  ],
};

describe('apply with replace', () => {
  it('makes an object again with what refers to it, as it was', async () => {
    const was = await exported();
    const networks = [{ uuid: 'nw-a', mode: 'internal', ipv4_network: '10.0.0.0/24', display_name: 'a' }];
    const refused = await apply({ networks });
    expect(refused).toMatchObject({
      status: 400,
      message: 'networks nw-a: mode: is virtual and cannot be changed to internal',
      hint: expect.stringMatching(/use: vnctl apply -f FILE --replace$/),
    });
    const shown = await apply({ networks }, { dry_run: true });
    expect(shown.changes[0]).toEqual({
      action: 'replace',
      object: 'networks nw-a',
      fields: { mode: { from: 'virtual', to: 'internal' } },
    });
    expect(await exported()).toEqual(was);
    const done = await apply({ networks }, { replace: true });
    expect(done.changes).toEqual(shown.changes);
    expect(objects(done)).toEqual([
      'replace ip_leases il-a',
      'replace ip_leases il-b',
      'replace ip_leases il-gw',
      'replace networks nw-a',
      'replace networks of dp-a: nw-a',
      'replace routes r-a',
    ]);
    const { networks: [network] = [], ...others } = await exported();
    expect(network).toMatchObject({ mode: 'internal' });
    const { networks: _, ...othersBefore } = was;
    expect(sorted(others)).toEqual(sorted(othersBefore));
  });

  it('makes an interface again with its leases, ports, filters and services', async () => {
    const was = await exported();
    const interfaces = [
      { ...before.interfaces[0], mode: 'internal' },
      { ...before.interfaces[1], mode: 'internal' },
    ];
    expect((await apply({ interfaces }, { replace: true })).status).toBe(200);
    const now = await exported();
    expect(sorted({ ...now, interfaces: [] })).toEqual(sorted({ ...was, interfaces: [] }));
    const ofInterfaces = ({ interfaces = [] }: Topology) =>
      interfaces.map(({ uuid, mode, ports }) => [uuid, mode, ports]);
    expect(ofInterfaces(now)).toEqual(ofInterfaces(was).map(([uuid, , ports]) => [uuid, 'internal', ports]));
  });

  it('takes what goes with an object as the file says it, and shows nothing twice', async () => {
    const next = structuredClone(before);
    next.networks[0]!.ipv4_network = '10.1.0.0/24';
    for (const [i, lease] of next.ip_leases.entries()) lease.ipv4_address = `10.1.0.${i + 1}`;
    next.routes[0]!.ipv4_network = '10.1.0.0/24';
    const done = await apply(next, { replace: true });
    expect(objects(done)).toEqual([
      'replace ip_leases il-a',
      'replace ip_leases il-b',
      'replace ip_leases il-gw',
      'replace networks nw-a',
      'replace networks of dp-a: nw-a',
      'replace routes r-a',
    ]);
    expect((await apply(next, { delete: true })).changes).toEqual([]);
  });

  it('gives interfaces the addresses that the file gives them along', async () => {
    const along = (n: number) => ({
      networks: [{ uuid: 'nw-b', mode: 'virtual', ipv4_network: `10.${n}.0.0/24` }],
      interfaces: [
        { uuid: 'if-b', network_uuid: 'nw-b', ipv4_address: `10.${n}.0.7`, mac_address: '52:54:00:00:00:07' },
        { uuid: 'if-c', network_uuid: 'nw-b' },
      ],
    });
    await apply(along(5));
    await manager.done('POST', '/filters', { uuid: 'fil-b', interface_uuid: 'if-b', mode: 'static' });
    expect(await apply(along(6), { replace: true })).toMatchObject({ status: 200 });
    expect(await manager.done('GET', '/interfaces/if-b')).toMatchObject({
      ipv4_address: '10.6.0.7',
      mac_address: '52:54:00:00:00:07',
    });
    expect(await manager.done('GET', '/interfaces/if-c')).toMatchObject({ ipv4_address: '10.6.0.1' });
    expect((await manager.call('GET', '/filters/fil-b')).status).toBe(200);
    const [first, ...others] = along(6).interfaces;
    const moved = { ...along(6), interfaces: [{ ...first, ipv4_address: '10.6.0.8' }, ...others] };
    expect(objects(await apply(moved, { replace: true }))).toContain('replace interfaces if-b');
    expect(await manager.done('GET', '/interfaces/if-b')).toMatchObject({ ipv4_address: '10.6.0.8' });
    expect((await manager.call('GET', '/filters/fil-b')).status).toBe(200);
  });

  it('is refused whole where what refers to it cannot be made again', async () => {
    const was = await exported();
    const networks = [{ uuid: 'nw-a', mode: 'virtual', ipv4_network: '10.9.0.0/24' }];
    expect(await apply({ networks }, { replace: true })).toMatchObject({
      status: 400,
      message: 'ip_leases il-a: IP Address 10.0.0.1 not in subnet 10.9.0.0.',
    });
    expect(await exported()).toEqual(was);
  });
});

function sorted(topology: Topology): unknown {
  const byUuid = (a: { uuid?: unknown }, b: { uuid?: unknown }) => String(a.uuid).localeCompare(String(b.uuid));
  return Object.fromEntries(Object.entries(topology).map(([name, list]) => [name, [...list].sort(byUuid)]));
}
