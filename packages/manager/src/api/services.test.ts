/** What the reference says of filters, translations, DNS, segments, ranges, lease policies and topologies. */
import { mkdtempDisposableSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { registerNetwork, type TestManager, testManager } from '../testing.ts';

let manager: TestManager;
beforeEach(async () => {
  manager = await testManager();
});
afterEach(() => manager.close());

const { call, done }: Pick<TestManager, 'call' | 'done'> = {
  call: (...request) => manager.call(...request),
  done: (...request) => manager.done(...request),
};
const refused = (status: number, code: string, message: unknown = expect.any(String)) => ({
  status,
  body: { code, message },
});
const items = async (path: string) => (await done('GET', path)).items;

describe('a static filter', () => {
  beforeEach(async () => {
    await registerNetwork(manager);
    await done('POST', '/filters', { uuid: 'fil-a', interface_uuid: 'if-veth1', mode: 'static' });
  });

  it('matches anything where nothing is given, and a host where no prefix is', async () => {
    const rule = { protocol: 'tcp', src_address: '10.0.0.1', dst_port: '22', action: 'pass' };
    const shown = {
      filter_id: 1,
      protocol: 'tcp',
      src_address: '10.0.0.1',
      src_prefix: 32,
      dst_address: '0.0.0.0',
      dst_prefix: 0,
      src_port: 0,
      dst_port: 22,
      action: 'pass',
      description: null,
    };
    expect(await done('POST', '/filters/fil-a/static', rule)).toEqual(shown);
    const icmp = { protocol: 'icmp', dst_address: '10.0.0.0/255.0.0.0', src_port: '5', action: 'drop' };
    const answer = await done('POST', '/filters/fil-a/static', icmp);
    expect(answer).toMatchObject({ dst_prefix: 8 });
    expect(Object.keys(answer)).not.toContain('src_port');
    expect(await items('/filters/fil-a/static')).toHaveLength(2);
    const again = await call('POST', '/filters/fil-a/static', { ...rule, action: 'drop' });
    expect(again).toMatchObject(refused(400, '110', expect.stringContaining('10.0.0.1/32')));
    expect((await call('POST', '/filters/fil-a/static', icmp)).status).toBe(200);
    for (const bad of [{ src_port: '65536' }, { src_address: '0.0.0.0/8' }, { src_address: '10.0.0.0/33' }]) {
      expect(await call('POST', '/filters/fil-a/static', { ...rule, ...bad })).toMatchObject(refused(400, '110'));
    }
  });

  it('is removed by just what it matches', async () => {
    await done('POST', '/filters/fil-a/static', { protocol: 'udp', dst_port: '53', action: 'pass' });
    const missed = await call('DELETE', '/filters/fil-a/static', { protocol: 'udp' });
    const described = { protocol: 'icmp', action: 'pass', description: 'pings' };
    expect(await done('POST', '/filters/fil-a/static', described)).toMatchObject(described);
    expect(await done('DELETE', '/filters/fil-a/static', { protocol: 'icmp' })).toMatchObject(described);
    expect(missed).toMatchObject(refused(404, '114', 'Couldn\'t find resource with parameters: {"protocol":"udp"}'));
    expect(await call('DELETE', '/filters/fil-a/static')).toMatchObject(refused(400, '111', 'protocol'));
    const gone = await done('DELETE', '/filters/fil-a/static', { protocol: 'udp', dst_port: '53', action: 'x' });
    expect(gone).toMatchObject({ protocol: 'udp', dst_port: 53, action: 'pass' });
    expect(await items('/filters/fil-a/static')).toEqual([]);
  });
});

it('a translation has entries, which are removed in it alone', async () => {
  await registerNetwork(manager);
  const form = { interface_uuid: 'if-gw', mode: 'static_address' };
  for (const uuid of ['tr-a', 'tr-b']) await done('POST', '/translations', { ...form, uuid });
  const pair = { ingress_ipv4_address: '192.0.2.1', egress_ipv4_address: '172.16.1.1' };
  const ports = { ingress_port_number: '80', egress_port_number: '8080' };
  const made = await done('POST', '/translations/tr-a/static_address', { ...pair, ...ports });
  expect(made).toMatchObject({ ...pair, ingress_port_number: 80, translation_id: 1, route_link_id: null });
  expect(made).not.toHaveProperty('route_link_uuid');
  const again = await call('POST', '/translations/tr-a/static_address', { ...pair, ...ports });
  expect(again).toMatchObject(refused(400, '110', expect.stringContaining('192.0.2.1:80')));
  const networks = { ingress_network_uuid: 'nw-net1', egress_network_uuid: 'nw-net1' };
  expect(await done('POST', '/translations/tr-b/static_address', { ...pair, ...networks })).toMatchObject(networks);
  expect(await done('DELETE', '/translations/tr-a/static_address', pair)).toEqual({ uuid: 'tr-a' });
  expect(await call('DELETE', '/translations/tr-a/static_address', pair)).toMatchObject(refused(404, '114'));
  expect(await items('/translations/tr-b/static_address')).toHaveLength(1);
});

it('a DNS service is of a network service of mode dns, and has records', async () => {
  await registerNetwork(manager);
  await done('POST', '/network_services', { uuid: 'ns-dhcp', mode: 'dhcp', interface_uuid: 'if-gw' });
  await done('POST', '/network_services', { uuid: 'ns-dns', mode: 'dns', interface_uuid: 'if-gw' });
  const wrong = await call('POST', '/dns_services', { network_service_uuid: 'ns-dhcp' });
  expect(wrong).toMatchObject(refused(400, '110', expect.stringContaining('mode dhcp')));
  const form = { uuid: 'dnss-a', network_service_uuid: 'ns-dns', public_dns: '8.8.8.8, 8.8.4.4' };
  expect(await done('POST', '/dns_services', form)).toMatchObject({
    public_dns: '8.8.8.8,8.8.4.4',
    network_service_uuid: 'ns-dns',
    network_service: { mode: 'dns' },
  });
  const nameless = await call('POST', '/dns_services/dnss-a/dns_records', { name: 'www' });
  expect(nameless).toMatchObject(refused(400, '111', 'uuid'));
  const record = { uuid: 'dnsr-a', name: 'www', ipv4_address: '172.16.1.1' };
  expect(await done('POST', '/dns_services/dnss-a/dns_records', record)).toMatchObject({
    ipv4_address: 0xac100101,
    ttl: null,
  });
  await done('DELETE', '/network_services/ns-dns');
  expect((await call('GET', '/dns_services/dnss-a')).status).toBe(404);
});

describe('an interface', () => {
  it('belongs to what its leases and routes are of, as long as they are there', async () => {
    await done('POST', '/segments', { uuid: 'seg-a', mode: 'virtual' });
    await done('POST', '/segments', { uuid: 'seg-b', mode: 'virtual' });
    await done('POST', '/networks', { uuid: 'nw-a', ipv4_network: '10.0.0.0', segment_uuid: 'seg-a' });
    const form = { network_uuid: 'nw-a', ipv4_address: '10.0.0.1', mac_address: '52:54:00:00:00:01' };
    const other = await call('POST', '/interfaces', { ...form, segment_uuid: 'seg-b' });
    expect(other).toMatchObject(refused(400, '103', expect.stringContaining('seg-b')));
    const made = await done('POST', '/interfaces', { uuid: 'if-a', ...form });
    expect(made.mac_leases[0]).toMatchObject({ segment_id: 1 });
    expect(await items('/interfaces/if-a/networks')).toMatchObject([{ network_id: 1, static: false }]);
    expect(await items('/interfaces/if-a/segments')).toMatchObject([{ segment_id: 1, static: false }]);
    await done('PUT', `/mac_leases/${made.mac_leases[0].uuid}`, { segment_uuid: 'seg-b' });
    expect(await items('/interfaces/if-a/segments')).toMatchObject([{ segment_id: 2 }]);
    await done('POST', '/route_links', { uuid: 'rl-a' });
    const route = { interface_uuid: 'if-a', network_uuid: 'nw-a', route_link_uuid: 'rl-a', ipv4_network: '10.0.0.0' };
    const { uuid } = await done('POST', '/routes', route);
    expect(await items('/interfaces/if-a/route_links')).toMatchObject([{ route_link_id: 1, static: false }]);
    await done('PUT', '/interfaces/if-a/route_links/rl-a', { static: 'true' });
    await done('DELETE', `/routes/${uuid}`);
    expect(await items('/interfaces/if-a/route_links')).toMatchObject([{ static: true }]);
    expect(await done('PUT', '/interfaces/if-a/networks/nw-a', { static: 'false' })).toMatchObject({
      deleted_at: null,
    });
    await done('PUT', `/ip_leases/${made.ip_leases[0].uuid}/release`);
    expect(await items('/interfaces/if-a/networks')).toEqual([]);
    await done('PUT', `/ip_leases/${made.ip_leases[0].uuid}/attach`, { interface_uuid: 'if-a' });
    expect(await items('/interfaces/if-a/networks')).toHaveLength(1);
    expect(await done('DELETE', '/segments/seg-a')).toEqual(['seg-a']);
    expect((await call('GET', '/networks/nw-a')).status).toBe(404);
    expect(await items('/interfaces/if-a/networks')).toEqual([]);
  });

  it('is given an address of a MAC range group until none is left', async () => {
    await done('POST', '/mac_range_groups', { uuid: 'mrg-a' });
    const mac_range_group_uuid = 'mrg-a';
    expect(await done('POST', '/interfaces', { mac_range_group_uuid })).toMatchObject({ mac_leases: [] });
    for (const last of ['00', '10']) {
      const range = { begin_mac_address: `52:54:00:00:00:${last}`, end_mac_address: `52:54:00:00:00:${last[0]}1` };
      await done('POST', '/mac_range_groups/mrg-a/mac_ranges', range);
    }
    const given: string[] = [];
    for (let i = 0; i < 4; i++) given.push((await done('POST', '/interfaces', { mac_range_group_uuid })).mac_address);
    const all = ['00', '01', '10', '11'].map((last) => `52:54:00:00:00:${last}`);
    expect(given.slice(0, 2).sort()).toEqual(all.slice(0, 2));
    expect(given.sort()).toEqual(all);
    const none = await call('POST', '/interfaces', { mac_range_group_uuid });
    expect(none).toMatchObject(refused(400, '110', expect.stringMatching(/^no MAC address of mrg-a is free/)));
    const backwards = { begin_mac_address: '52:54:00:00:00:02', end_mac_address: '52:54:00:00:00:01' };
    const range = await call('POST', '/mac_range_groups/mrg-a/mac_ranges', backwards);
    expect(range).toMatchObject(refused(400, '110', expect.stringContaining('is greater than')));
  });
});

describe('a lease policy', () => {
  const addressOf = async (uuid: string) =>
    (await done('GET', `/interfaces/${uuid}`)).ip_leases.map((lease: { ipv4_address: string }) => lease.ipv4_address);

  beforeEach(async () => {
    await done('POST', '/lease_policies', { uuid: 'lp-a' });
    for (const [uuid, allocation_type] of [
      ['iprg-a', 'incremental'],
      ['iprg-b', 'decremental'],
      ['iprg-c', 'random'],
    ] as const) {
      await done('POST', '/ip_range_groups', { uuid, allocation_type });
      const range = { begin_ipv4_address: '10.0.0.0', end_ipv4_address: '10.0.0.9' };
      await done('POST', `/ip_range_groups/${uuid}/ip_ranges`, range);
    }
    await done('POST', '/networks', { uuid: 'nw-a', ipv4_network: '10.0.0.0', ipv4_prefix: '30' });
    await done('POST', '/networks', { uuid: 'nw-b', ipv4_network: '10.0.0.0', ipv4_prefix: '24' });
    await done('POST', '/networks', { uuid: 'nw-c', ipv4_network: '10.0.0.0', ipv4_prefix: '29' });
    await done('POST', '/interfaces', { uuid: 'if-a', mac_address: '52:54:00:00:00:01' });
  });

  it('takes free addresses of its networks in order, each in the way of its ranges', async () => {
    const add = () => call('POST', '/lease_policies/lp-a/interfaces/if-a');
    expect(await add()).toMatchObject(refused(400, '110', expect.stringContaining('lp-a has no network')));
    for (const [network, group] of [
      ['nw-a', 'iprg-a'],
      ['nw-b', 'iprg-b'],
      ['nw-c', 'iprg-c'],
    ]) {
      await done('POST', `/lease_policies/lp-a/networks/${network}`, { ip_range_group_uuid: group! });
    }
    for (let i = 0; i < 2 + 9 + 6; i++) expect(await add()).toMatchObject({ status: 200, body: { uuid: 'lp-a' } });
    const given: string[] = await addressOf('if-a');
    const host = (n: number) => `10.0.0.${n}`;
    expect(given.slice(0, 11)).toEqual([1, 2, 9, 8, 7, 6, 5, 4, 3, 2, 1].map(host));
    expect(given.slice(11).sort()).toEqual([1, 2, 3, 4, 5, 6].map(host));
    expect(await add()).toMatchObject(refused(400, '110', expect.stringMatching(/^no address of lp-a is free: /)));
    expect(await items('/lease_policies/lp-a/interfaces?limit=1')).toMatchObject([{ uuid: 'if-a' }]);
    await done('POST', '/interfaces', { uuid: 'if-b' });
    const bare = await call('POST', '/lease_policies/lp-a/interfaces/if-b');
    expect(bare).toMatchObject(refused(400, '110', expect.stringContaining('if-b has no MAC lease')));
    expect(await done('PUT', '/lease_policies/lp-a', { timing: 'dhcp' })).toMatchObject({ timing: 'dhcp' });
    expect(await done('PUT', '/lease_policies/lp-a')).toMatchObject({ timing: 'dhcp' });
    expect(await add()).toMatchObject(refused(400, '110', expect.stringContaining('timing dhcp')));
  });

  it('puts what it gives into its containers', async () => {
    await done('POST', '/lease_policies/lp-a/networks/nw-b', { ip_range_group_uuid: 'iprg-a' });
    for (const uuid of ['ilc-a', 'ilc-b']) {
      await done('POST', '/ip_lease_containers', { uuid });
      const related = `/lease_policies/lp-a/ip_lease_containers/${uuid}`;
      expect(await done('POST', related, uuid === 'ilc-b' ? { label: 'b' } : {})).toMatchObject({ uuid });
    }
    const lease = await done('POST', '/lease_policies/lp-a/ip_leases', { ip_lease_uuid: 'il-a' });
    expect(lease).toMatchObject({ uuid: 'il-a', ipv4_address: '10.0.0.1', interface_id: null });
    await done('POST', '/lease_policies/lp-a/interfaces/if-a', { label: 'b' });
    expect(await items('/ip_lease_containers/ilc-a/ip_leases')).toMatchObject([{ uuid: 'il-a' }]);
    expect(await items('/ip_lease_containers/ilc-b/ip_leases')).toMatchObject([
      { uuid: 'il-a' },
      { ipv4_address: '10.0.0.2', interface_uuid: 'if-a' },
    ]);
    const again = await call('POST', '/lease_policies/lp-a/ip_leases', { ip_lease_uuid: 'il-a' });
    expect(again).toMatchObject(refused(400, '102', 'il-a'));
    expect(await call('POST', '/lease_policies/lp-a/ip_leases', { ip_lease_uuid: 'x' })).toMatchObject(
      refused(400, '101'),
    );
  });

  it('gives for a time, which goes on when the manager starts again or its clock is set', async () => {
    let clock = Date.parse('2026-01-31T12:00:00Z');
    using directory = mkdtempDisposableSync(join(tmpdir(), 'openvnet-retention-'));
    const store = join(directory.path, 'store.db');
    const start = () => testManager({ store, now: () => clock });
    let one = await start();
    await one.done('POST', '/ip_retention_containers', { uuid: 'irc-a', lease_time: '60', grace_time: '30' });
    await one.done('POST', '/lease_policies', { uuid: 'lp-t' });
    await one.done('POST', '/networks', { uuid: 'nw-t', ipv4_network: '10.0.0.0' });
    await one.done('POST', '/ip_range_groups', { uuid: 'iprg-t' });
    const range = { begin_ipv4_address: '10.0.0.1', end_ipv4_address: '10.0.0.9' };
    await one.done('POST', '/ip_range_groups/iprg-t/ip_ranges', range);
    await one.done('POST', '/lease_policies/lp-t/networks/nw-t', { ip_range_group_uuid: 'iprg-t' });
    await one.done('POST', '/lease_policies/lp-t/ip_retention_containers/irc-a');
    await one.done('POST', '/interfaces', { uuid: 'if-t', mac_address: '52:54:00:00:00:01' });
    await one.done('POST', '/lease_policies/lp-t/interfaces/if-t');
    const retentions = async () => (await one.done('GET', '/ip_retention_containers/irc-a/ip_retentions')).items;
    expect(await retentions()).toMatchObject([{ leased_at: '2026-01-31 12:00:00 UTC', released_at: null }]);
    const [{ uuid }] = (await one.done('GET', '/ip_leases')).items;
    await one.close();

    clock += 60_000;
    one = await start();
    await vi.waitFor(async () => {
      expect(await retentions()).toMatchObject([{ released_at: '2026-01-31 12:01:00 UTC' }]);
    });
    expect(await one.done('GET', `/ip_leases/${uuid}`)).toMatchObject({ interface_id: null });
    clock += 10_000;
    await one.done('PUT', `/ip_leases/${uuid}/attach`, { interface_uuid: 'if-t' });
    expect(await retentions()).toMatchObject([{ leased_at: '2026-01-31 12:01:10 UTC', released_at: null }]);
    await one.done('PUT', `/ip_leases/${uuid}/release`);
    expect(await retentions()).toMatchObject([{ released_at: '2026-01-31 12:01:10 UTC' }]);
    clock += 40_000;
    // The container's new times count for what is in it, and have the clock looked at.
    await one.done('PUT', '/ip_retention_containers/irc-a', { grace_time: '35' });
    await vi.waitFor(async () => expect(await retentions()).toEqual([]));
    expect((await one.call('GET', `/ip_leases/${uuid}`)).status).toBe(404);
    await one.close();
  });
});

describe('a topology', () => {
  beforeEach(async () => {
    await done('POST', '/networks', { uuid: 'nw-phys', mode: 'physical', ipv4_network: '192.168.0.0' });
    await done('POST', '/topologies', { uuid: 'topo-under', mode: 'simple_underlay' });
    await done('POST', '/topologies', { uuid: 'topo-over', mode: 'simple_overlay' });
    for (const n of ['1', '2']) {
      await done('POST', '/datapaths', { uuid: `dp-${n}`, display_name: n, dpid: n, node_id: n });
      const addresses = {
        network_uuid: 'nw-phys',
        ipv4_address: `192.168.0.${n}`,
        mac_address: `52:54:00:00:00:0${n}`,
      };
      const host = { uuid: `if-host${n}`, mode: 'host', owner_datapath_uuid: `dp-${n}`, port_name: 'eth0' };
      await done('POST', '/interfaces', { ...host, ...addresses });
      const row = await done('POST', `/topologies/topo-under/datapaths/dp-${n}`, { interface_uuid: `if-host${n}` });
      expect(row).toMatchObject({ topology_id: 1, datapath_id: Number(n), ip_lease_id: Number(n) });
    }
    await done('POST', '/mac_range_groups', { uuid: 'mrg-a' });
    const range = { begin_mac_address: '52:54:01:00:00:00', end_mac_address: '52:54:01:00:00:ff' };
    await done('POST', '/mac_range_groups/mrg-a/mac_ranges', range);
  });

  it('puts what it has on its datapaths, and takes it away again', async () => {
    await done('POST', '/topologies/topo-over/underlays/topo-under');
    await done('POST', '/networks', { uuid: 'nw-a', ipv4_network: '10.0.0.0', topology_uuid: 'topo-over' });
    expect(await items('/topologies/topo-over/networks')).toMatchObject([{ topology_id: 2, network_id: 2 }]);
    // Without MAC addresses nothing is made.
    expect(await items('/datapaths/dp-1/networks')).toEqual([]);
    await done('POST', '/topologies/topo-under/mac_range_groups/mrg-a');
    expect(await items('/datapaths/dp-1/networks')).toMatchObject([{ uuid: 'nw-a' }]);
    await done('POST', '/segments', { uuid: 'seg-a', mode: 'virtual', topology_uuid: 'topo-under' });
    await done('POST', '/route_links', { uuid: 'rl-a', topology_uuid: 'topo-over' });
    expect(await items('/datapaths/dp-2/segments')).toMatchObject([{ uuid: 'seg-a' }]);
    expect(await items('/datapaths/dp-2/route_links')).toMatchObject([{ uuid: 'rl-a' }]);
    const taken = await call('POST', '/datapaths/dp-1/networks/nw-a', { interface_uuid: 'if-host1' });
    expect(taken).toMatchObject(refused(400, '112'));
    expect(await items('/topologies/topo-over/underlays')).toMatchObject([{ uuid: 'topo-under' }]);
    await done('DELETE', '/topologies/topo-under/datapaths/dp-1');
    expect(await items('/datapaths/dp-1/networks')).toEqual([]);
    expect(await items('/datapaths/dp-2/networks')).toHaveLength(1);
    await done('DELETE', '/topologies/topo-over/underlays/topo-under');
    expect(await items('/datapaths/dp-2/networks')).toEqual([]);
    expect(await items('/datapaths/dp-2/segments')).toHaveLength(1);
    await done('DELETE', '/topologies/topo-under');
    expect(await items('/datapaths/dp-2/segments')).toEqual([]);
  });

  it('leaves alone what others have made, and names what an interface lacks', async () => {
    await done('POST', '/topologies/topo-under/mac_range_groups/mrg-a');
    const own = { interface_uuid: 'if-host1', mac_address: '52:54:09:00:00:01' };
    await done('POST', '/datapaths/dp-1/networks/nw-phys', own);
    await done('POST', '/topologies/topo-under/networks/nw-phys');
    await done('DELETE', '/topologies/topo-under/networks/nw-phys');
    expect(await items('/datapaths/dp-1/networks')).toHaveLength(1);
    expect(await items('/datapaths/dp-2/networks')).toHaveLength(0);
    // Where they take theirs away, it makes its own.
    await done('POST', '/topologies/topo-under/networks/nw-phys');
    await done('DELETE', '/datapaths/dp-1/networks/nw-phys');
    expect(await items('/datapaths/dp-1/networks')).toHaveLength(1);
    await done('DELETE', '/topologies/topo-under/networks/nw-phys');
    expect(await items('/datapaths/dp-1/networks')).toHaveLength(0);
    await done('POST', '/interfaces', { uuid: 'if-vm' });
    const wrong = await call('POST', '/topologies/topo-over/datapaths/dp-1', { interface_uuid: 'if-vm' });
    expect(wrong).toMatchObject(refused(400, '110', expect.stringContaining('needs mode host (it has vif)')));
  });
});

it('relations of datapaths and route links draw addresses from the group of the settings', async () => {
  await using one = await testManager({ datapathMacGroup: 'mrg-dp' });
  const lacking = await one.call('POST', '/route_links');
  expect(lacking).toMatchObject(refused(400, '110', expect.stringContaining('mrg-dp')));
  await one.done('POST', '/mac_range_groups', { uuid: 'mrg-dp' });
  const range = { begin_mac_address: '52:54:01:00:00:07', end_mac_address: '52:54:01:00:00:07' };
  await one.done('POST', '/mac_range_groups/mrg-dp/mac_ranges', range);
  expect(await one.done('POST', '/route_links')).toMatchObject({ mac_address: '52:54:01:00:00:07' });
  expect(await one.call('POST', '/route_links')).toMatchObject(refused(400, '110'));
});
