import { afterAll, expect, it } from 'vitest';
import { registerNetwork, testManager } from '../testing.ts';

const manager = await testManager();
afterAll(() => manager.close());
await registerNetwork(manager);
const { call, done } = manager;
const uuids = async (path: string): Promise<[string[], number]> => {
  const { items, total_count } = await done('GET', path);
  return [items.map(({ uuid }: { uuid: string }) => uuid), total_count];
};

it('lists are narrowed by any column, reference or uuid, and by several', async () => {
  await done('POST', '/networks', { uuid: 'nw-b', ipv4_network: '10.0.0.0', display_name: 'b', mtu: '1400' });
  expect(await uuids('/interfaces?mode=simulated')).toEqual([['if-gw'], 1]);
  expect(await uuids('/interfaces?mode=vif&limit=1&offset=1')).toEqual([['if-veth2'], 2]);
  expect(await uuids('/interfaces?mode=vif&uuid=if-veth1&enable_routing=false')).toEqual([['if-veth1'], 1]);
  expect((await uuids('/ip_leases?network_uuid=nw-net1&ipv4_address=172.16.1.2'))[1]).toBe(1);
  expect((await uuids('/ip_leases?interface_uuid=if-gw'))[1]).toBe(1);
  expect(await uuids('/networks?mtu=')).toEqual([['nw-net1'], 1]);
  expect(await uuids('/datapaths?dpid=0x2fdee8e0a44')).toEqual([['dp-br0'], 1]);
});

it('lists below an object are narrowed too', async () => {
  await done('POST', '/datapaths/dp-br0/networks/nw-net1');
  await done('POST', '/datapaths/dp-br0/networks/nw-b');
  expect(await uuids('/datapaths/dp-br0/networks?display_name=b')).toEqual([['nw-b'], 1]);
  expect((await done('GET', '/interfaces/if-veth1/ports?port_name=if-veth1')).total_count).toBe(1);
  expect((await done('GET', '/interfaces/if-veth1/ports?port_name=x')).total_count).toBe(0);
});

it('a value that cannot be is refused, and an unknown name is said', async () => {
  expect(await call('GET', '/interfaces?mode=blue')).toMatchObject({ status: 400, body: { code: '110' } });
  expect(await call('GET', '/routes?network_uuid=nw-none')).toMatchObject({ status: 404, body: { code: '100' } });
  const typo = await call('GET', '/interfaces?mde=vif');
  expect([typo.status, typo.headers.warning]).toEqual([200, '299 - "not a parameter, left out: mde"']);
});

it('null in a change takes a value away, or gives the default back', async () => {
  const put = async (payload: object) => {
    const headers = { 'content-type': 'application/json' };
    return (await manager.app.inject({ method: 'PUT', url: '/api/networks/nw-b', payload, headers })).json();
  };
  expect(await put({ mtu: 1300 })).toMatchObject({ mtu: 1300 });
  expect(await put({ mtu: null })).toMatchObject({ mtu: null });
  await done('PUT', '/interfaces/if-veth1', { enable_routing: 'true' });
  const answer = await manager.app.inject({
    method: 'PUT',
    url: '/api/interfaces/if-veth1',
    payload: { enable_routing: null },
    headers: { 'content-type': 'application/json' },
  });
  expect(answer.json()).toMatchObject({ enable_routing: false });
  const named = await manager.app.inject({
    method: 'PUT',
    url: '/api/datapaths/dp-br0',
    payload: { node_id: null },
    headers: { 'content-type': 'application/json' },
  });
  expect(named.json()).toMatchObject({ code: '111', message: 'node_id', hint: expect.stringContaining('node_id') });
});
