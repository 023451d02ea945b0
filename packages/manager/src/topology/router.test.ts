import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Answered, type TestManager, testManager } from '../testing.ts';

let manager: TestManager;
beforeEach(async () => {
  manager = await testManager();
  for (const n of [1, 2, 3]) {
    await manager.done('POST', '/networks', { uuid: `nw-net${n}`, mode: 'virtual', ipv4_network: `172.16.${n}.0/24` });
  }
});
afterEach(() => manager.close());

const router = (form: Record<string, string>): Promise<Answered['body']> => manager.done('POST', '/routers', form);
const counts = async (): Promise<number[]> =>
  await Promise.all(
    ['route_links', 'interfaces', 'routes'].map(async (one) => (await manager.done('GET', `/${one}`)).total_count),
  );
const join = (uuid: string, n: number) => ({
  network_uuid: `nw-net${n}`,
  interface_uuid: `if-${uuid}-gw`,
  ipv4_address: `172.16.${n}.254`,
  mac_address: expect.stringMatching(/^52:54:00:/),
  route_uuid: `r-${uuid}`,
});

describe('a router', () => {
  it('is made in one step at one revision, with gateways at the last addresses; the second time nothing changes', async () => {
    const first = await manager.call('POST', '/routers', { network_uuids: 'nw-net1,nw-net2' });
    expect(first.body).toEqual({
      uuid: 'rl-net1',
      networks: [join('net1', 1), join('net2', 2)],
      made: ['rl-net1', 'if-net1-gw', 'r-net1', 'if-net2-gw', 'r-net2'],
    });
    expect(await router({ network_uuids: 'nw-net2,nw-net1' })).toMatchObject({ uuid: 'rl-net1', made: [] });
    const again = await manager.call('POST', '/routers', { network_uuids: 'nw-net1,nw-net2', uuid: 'rl-net1' });
    expect(again.body).toEqual({ ...first.body, made: [] });
    expect(again.headers['x-openvnet-revision']).toBe(first.headers['x-openvnet-revision']);
    expect(await counts()).toEqual([1, 2, 2]);
  });

  it('does not join networks that share addresses, and nothing is made', async () => {
    await manager.done('POST', '/networks', { uuid: 'nw-same', mode: 'virtual', ipv4_network: '172.16.0.0/16' });
    const refused = await manager.call('POST', '/routers', { network_uuids: 'nw-net1,nw-same' });
    expect(refused).toMatchObject({
      status: 400,
      body: {
        message:
          'nw-net1 (172.16.1.0/24) and nw-same (172.16.0.0/16) overlap, so a router cannot tell their guests apart',
      },
    });
    await router({ network_uuids: 'nw-net1', uuid: 'rl-router' });
    const later = await manager.call('POST', '/routers', { network_uuids: 'nw-same', route_link_uuid: 'rl-router' });
    expect(later.status).toBe(400);
    expect(await counts()).toEqual([1, 1, 1]);
  });

  it('is extended: by its name, or with a network that it has', async () => {
    await router({ network_uuids: 'nw-net1', uuid: 'rl-router' });
    const second = { network_uuids: 'nw-net2', route_link_uuid: 'rl-router' };
    expect(await router(second)).toMatchObject({ uuid: 'rl-router', made: ['if-net2-gw', 'r-net2'] });
    const third = await router({ network_uuids: 'nw-net3,nw-net1' });
    expect(third).toMatchObject({ uuid: 'rl-router', made: ['if-net3-gw', 'r-net3'] });
  });

  it('keeps the gateways that there are, and takes no service for one', async () => {
    const gateway = { mode: 'simulated', network_uuid: 'nw-net1', ipv4_address: '172.16.1.1' };
    await manager.done('POST', '/interfaces', { ...gateway, uuid: 'if-dns', ipv4_address: '172.16.1.53' });
    await manager.done('POST', '/network_services', { interface_uuid: 'if-dns', mode: 'dns' });
    await manager.done('POST', '/interfaces', { ...gateway, uuid: 'if-mine' });
    const { networks, made } = await router({ network_uuids: 'nw-net1,nw-net2' });
    expect(networks[0]).toMatchObject({ interface_uuid: 'if-mine', ipv4_address: '172.16.1.1' });
    expect(made).toEqual(['rl-net1', 'r-net1', 'if-net2-gw', 'r-net2']);
  });

  it('gives gateways what is free, and other names where theirs are taken', async () => {
    const guest = { uuid: 'if-net1-gw', network_uuid: 'nw-net1', ipv4_address: '172.16.1.254' };
    await manager.done('POST', '/interfaces', guest);
    const { networks } = await router({ network_uuids: 'nw-net1' });
    expect(networks[0]).toMatchObject({
      interface_uuid: expect.stringMatching(/^if-\w{8}$/),
      ipv4_address: '172.16.1.253',
    });
  });

  it('is refused whole: unknown and physical networks, networks of another router, two names', async () => {
    await router({ network_uuids: 'nw-net1', uuid: 'rl-a' });
    await manager.done('POST', '/networks', { uuid: 'nw-wire', mode: 'physical', ipv4_network: '10.0.0.0/24' });
    const before = await counts();
    for (const [form, message, hint] of [
      [{}, /^network_uuids$/, undefined],
      [{ network_uuids: 'nw-net1,nw-none' }, /^Network#network_uuids: nw-none$/, /Use: vnctl networks show$/],
      [{ network_uuids: 'net1' }, /^Network#uuid: net1$/, /expected nw-/],
      [
        { network_uuids: 'nw-net2,nw-wire' },
        /^nw-wire is physical/,
        /interfaces add --uuid if-wire-gw --mode simulated/,
      ],
      [
        { network_uuids: 'nw-net2,nw-net1', uuid: 'rl-b' },
        /^nw-net1 is already joined to router rl-a by if-net1-gw$/,
        /Use: vnctl router add --network nw-net2 --route-link-uuid rl-a$/,
      ],
      [{ network_uuids: 'nw-net2', route_link_uuid: 'rl-none' }, /^RouteLink#route_link_uuid: rl-none$/, /vnctl/],
      [{ network_uuids: 'nw-net2', route_link_uuid: 'rl-a', uuid: 'rl-b' }, /name two routers$/, /one of them/],
    ] as const) {
      const { status, body } = await manager.call('POST', '/routers', form as Record<string, string>);
      expect(body.message, JSON.stringify(form)).toMatch(message);
      if (hint) expect(body.hint).toMatch(hint);
      expect(status).toBeGreaterThanOrEqual(400);
      expect(await counts()).toEqual(before);
    }
  });
});

describe('an interface that names its network', () => {
  const added = (form: object = {}) => manager.done('POST', '/interfaces', { network_uuid: 'nw-net1', ...form });

  it('draws the lowest free address and a MAC address, each where it is not given', async () => {
    await added({ ipv4_address: '172.16.1.2' });
    const mac_address = expect.stringMatching(/^52:54:00:/);
    expect(await added()).toMatchObject({ ipv4_address: '172.16.1.1', mac_address });
    expect(await added({ mac_address: '52:54:00:00:00:01' })).toMatchObject({ ipv4_address: '172.16.1.3' });
    expect(await added({ ipv4_address: '172.16.1.9' })).toMatchObject({ ipv4_address: '172.16.1.9', mac_address });
    expect(await added({ mode: 'simulated' })).toMatchObject({ ipv4_address: '172.16.1.254', mac_address });
  });

  it('draws a different address in each of many requests at once, and one that was given back first', async () => {
    await manager.done('POST', '/networks', { uuid: 'nw-many', mode: 'virtual', ipv4_network: '10.1.0.0/24' });
    const many = await Promise.all(Array.from({ length: 40 }, () => added({ network_uuid: 'nw-many' })));
    const addresses = many.map(({ ipv4_address }) => ipv4_address);
    expect(new Set(addresses)).toEqual(new Set(Array.from({ length: 40 }, (_, i) => `10.1.0.${i + 1}`)));
    // What a refused request has drawn is free again.
    const refused = { network_uuid: 'nw-many', mac_address: many[0].mac_leases[0].mac_address };
    expect((await manager.call('POST', '/interfaces', refused)).status).toBe(400);
    await manager.done('DELETE', `/interfaces/${many[addresses.indexOf('10.1.0.7')].uuid}`);
    expect(await added({ network_uuid: 'nw-many' })).toMatchObject({ ipv4_address: '10.1.0.7' });
    expect(await added({ network_uuid: 'nw-many' })).toMatchObject({ ipv4_address: '10.1.0.41' });
  });

  it('draws from the ranges of a lease policy of the network', async () => {
    await manager.done('POST', '/ip_range_groups', { uuid: 'iprg-a', allocation_type: 'decremental' });
    const range = { begin_ipv4_address: '172.16.1.20', end_ipv4_address: '172.16.1.21' };
    await manager.done('POST', '/ip_range_groups/iprg-a/ip_ranges', range);
    await manager.done('POST', '/lease_policies', { uuid: 'lp-a', timing: 'immediate' });
    await manager.done('POST', '/lease_policies/lp-a/networks/nw-net1', { ip_range_group_uuid: 'iprg-a' });
    expect((await added()).ipv4_address).toBe('172.16.1.21');
    expect((await added()).ipv4_address).toBe('172.16.1.20');
    expect(await manager.call('POST', '/interfaces', { network_uuid: 'nw-net1' })).toMatchObject({
      status: 400,
      body: {
        message: 'no address of nw-net1 is free in the ranges of iprg-a',
        hint: expect.stringMatching(/^Use: vnctl ip-range-groups ip-ranges add iprg-a /),
      },
    });
  });

  it('draws nothing for devices of the host, and no address of a physical network', async () => {
    await manager.done('POST', '/networks', { uuid: 'nw-wire', mode: 'physical', ipv4_network: '10.0.0.0/24' });
    expect(await added({ mode: 'host', port_name: 'eth0' })).toMatchObject({ mac_leases: [] });
    expect(await added({ network_uuid: 'nw-wire' })).toMatchObject({ mac_leases: [] });
    const { mac_leases } = await added({ network_uuid: 'nw-wire', ipv4_address: '10.0.0.5' });
    expect(mac_leases).toHaveLength(1);
  });

  it('is refused where the network is full, and nothing of it stays', async () => {
    await manager.done('POST', '/networks', { uuid: 'nw-tiny', mode: 'virtual', ipv4_network: '10.0.0.0/30' });
    await added({ network_uuid: 'nw-tiny' });
    await added({ network_uuid: 'nw-tiny' });
    expect(await manager.call('POST', '/interfaces', { uuid: 'if-x', network_uuid: 'nw-tiny' })).toMatchObject({
      status: 400,
      body: {
        message: 'no address of nw-tiny is free: all from 10.0.0.1 to 10.0.0.2 are leased',
        hint: expect.stringMatching(/use: vnctl ip-leases show --network-uuid nw-tiny$/),
      },
    });
    expect((await manager.call('GET', '/interfaces/if-x')).status).toBe(404);
  });

  it('draws in a topology what this gives to nobody; the second time nothing changes, with delete neither', async () => {
    const interfaces = [
      { uuid: 'if-a', network_uuid: 'nw-a' },
      { uuid: 'if-b', network_uuid: 'nw-a', ipv4_address: '10.0.0.1' },
    ];
    const topology = {
      networks: [{ uuid: 'nw-a', mode: 'virtual', ipv4_network: '10.0.0.0/24' }],
      interfaces,
      ip_leases: [{ uuid: 'il-b', network_uuid: 'nw-a', ipv4_address: '10.0.0.2', interface_uuid: 'if-b' }],
    };
    const apply = async () =>
      await manager.app.inject({ method: 'POST', url: '/api/apply?delete=true', payload: { topology } });
    expect((await apply()).statusCode).toBe(200);
    const drawn = await manager.done('GET', '/interfaces/if-a');
    expect(drawn).toMatchObject({ ipv4_address: '10.0.0.3' });
    expect((await apply()).json()).toMatchObject({ changes: [] });
    expect(await manager.done('GET', '/interfaces/if-a')).toEqual(drawn);
  });
});
