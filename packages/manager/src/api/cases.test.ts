/** What the reference says of single operations, with its numbers and words. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
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
const refused = (status: number, code: string, message: unknown) => ({ status, body: { code, message } });

describe('an interface', () => {
  it('can be given another uuid, and keeps its port, its leases and what refers to it', async () => {
    await registerNetwork(manager);
    const before = await done('GET', '/interfaces/if-veth1');
    const renamed = await done('PUT', '/interfaces/if-veth1/rename', { new_uuid: 'if-web' });
    expect(renamed).toMatchObject({ id: before.id, uuid: 'if-web' });
    expect(await done('GET', '/interfaces/if-web/ports')).toMatchObject({ items: [{ port_name: 'if-veth1' }] });
    expect((await done('GET', '/ip_leases')).items[0]).toMatchObject({ interface_uuid: 'if-web' });
    expect((await call('GET', '/interfaces/if-veth1')).status).toBe(404);
    await done('POST', '/interfaces', { uuid: 'if-veth1', mode: 'simulated' });
    const rename = (uuid: string, form: Record<string, string>) => call('PUT', `/interfaces/${uuid}/rename`, form);
    expect(await rename('if-web', { new_uuid: 'if-veth1' })).toMatchObject({ status: 400, body: { code: '102' } });
    expect(await rename('if-web', { new_uuid: 'nw-web' })).toMatchObject({ status: 400, body: { code: '101' } });
    expect(await rename('if-web', {})).toMatchObject({ status: 400, body: { code: '111' } });
    expect(await rename('if-web', { new_uuid: 'if-web' })).toMatchObject({ status: 200 });
    expect(await rename('if-gone', { new_uuid: 'if-x' })).toMatchObject({ status: 404 });
  });

  it('comes with its port and leases, and shows them one within the other', async () => {
    await registerNetwork(manager);
    const { status: _, ...shown } = await done('GET', '/interfaces/if-veth1');
    const times = { created_at: expect.any(String), updated_at: expect.any(String) };
    const housekeeping = { ...times, deleted_at: null, is_deleted: 0 };
    const ipLease = {
      id: 1,
      uuid: expect.stringMatching(/^il-/),
      interface_id: 1,
      interface_uuid: 'if-veth1',
      mac_lease_id: 1,
      mac_lease_uuid: expect.stringMatching(/^ml-/),
      network_id: 1,
      network_uuid: 'nw-net1',
      ip_address_id: 1,
      ipv4_address: '172.16.1.1',
      enable_routing: false,
      ...housekeeping,
      ip_address: {
        id: 1,
        network_id: 1,
        ipv4_address: 0xac100101,
        ...housekeeping,
        network: {
          id: 1,
          uuid: 'nw-net1',
          display_name: 'net1',
          domain_name: 'net1',
          mode: null,
          ipv4_network: 0xac100100,
          ipv4_prefix: 24,
          segment_id: null,
          mtu: null,
          ...housekeeping,
        },
      },
    };
    expect(shown).toEqual({
      id: 1,
      uuid: 'if-veth1',
      mode: 'vif',
      display_name: null,
      enable_routing: false,
      enable_route_translation: false,
      enable_filtering: false,
      enable_legacy_filtering: false,
      ...housekeeping,
      mac_address: '52:54:00:0d:84:01',
      network_uuid: 'nw-net1',
      ipv4_address: '172.16.1.1',
      ip_leases: [ipLease],
      mac_leases: [
        {
          id: 1,
          uuid: expect.stringMatching(/^ml-/),
          interface_id: 1,
          interface_uuid: 'if-veth1',
          mac_address_id: 1,
          mac_address: '52:54:00:0d:84:01',
          segment_id: null,
          ...housekeeping,
          ip_leases: [ipLease],
        },
      ],
    });
    const ports = async (uuid: string) => (await done('GET', `/interfaces/${uuid}/ports`)).items;
    expect(await ports('if-veth1')).toMatchObject([{ port_name: 'if-veth1', singular: true, datapath_id: null }]);
    expect(await ports('if-gw')).toMatchObject([{ port_name: null, singular: null, interface_mode: 'simulated' }]);
  });

  it('is made whole or not at all', async () => {
    await registerNetwork(manager);
    const form = {
      uuid: 'if-x',
      network_uuid: 'nw-net1',
      mac_address: '52:54:00:00:00:99',
      ipv4_address: '172.16.1.9',
    };
    const taken = (change: object) => call('POST', '/interfaces', { ...form, ...change });
    expect(await taken({ mac_address: '52:54:00:0D:84:01' })).toMatchObject(
      refused(
        400,
        '110',
        expect.stringMatching(/^mac_address 52:54:00:0d:84:01 is already used by mac lease ml-\w+ \(if-veth1\)$/),
      ),
    );
    expect(await taken({ ipv4_address: '172.16.1.1' })).toMatchObject(
      refused(
        400,
        '110',
        expect.stringMatching(
          /^network_uuid nw-net1 with ipv4_address 172.16.1.1 is already used by ip lease il-\w+ \(ml-\w+, if-veth1\)$/,
        ),
      ),
    );
    expect(await taken({ ipv4_address: '172.16.2.9' })).toMatchObject(
      refused(400, '110', 'IP Address 172.16.2.9 not in subnet 172.16.1.0.'),
    );
    expect(await taken({ port_name: 'if-veth2' })).toMatchObject(
      refused(400, '110', 'port_name if-veth2 with datapath_uuid none is already used by interface port (if-veth2)'),
    );
    expect((await call('GET', '/interfaces/if-x')).status).toBe(404);
    expect((await done('GET', '/mac_leases')).total_count).toBe(3);
    expect((await done('POST', '/interfaces', form)).uuid).toBe('if-x');
  });

  it('takes 0.0.0.0, the network address and the broadcast address', async () => {
    await registerNetwork(manager);
    for (const [i, ipv4_address] of ['0.0.0.0', '172.16.1.0', '172.16.1.255'].entries()) {
      const form = { network_uuid: 'nw-net1', mac_address: `52:54:00:00:01:0${i}`, ipv4_address };
      expect((await done('POST', '/interfaces', form)).ipv4_address).toBe(ipv4_address);
    }
  });

  it('leases nothing without a network, and asks for the network of an address', async () => {
    await registerNetwork(manager);
    expect(await done('POST', '/interfaces', {})).toMatchObject({ mac_leases: [] });
    expect(await call('POST', '/interfaces', { ipv4_address: '10.0.0.1' })).toMatchObject(
      refused(400, '111', 'network_uuid'),
    );
  });

  it('changes its flags, and moves to another datapath', async () => {
    await registerNetwork(manager);
    const form = { enable_filtering: 'y', enable_routing: 't', enable_route_translation: '1', display_name: 'web' };
    const changed = await done('PUT', '/interfaces/if-veth1', { ...form, owner_datapath_uuid: 'dp-br0' });
    expect(changed).toMatchObject({
      enable_filtering: true,
      enable_routing: true,
      enable_route_translation: true,
      display_name: 'web',
      mode: 'vif',
    });
    const { items } = await done('GET', '/interfaces/if-veth1/ports');
    expect(items).toMatchObject([{ datapath_uuid: 'dp-br0', port_name: 'if-veth1' }]);
    expect(await call('PUT', '/interfaces/if-veth1', { owner_datapath_uuid: 'dp-none' })).toMatchObject({
      status: 404,
    });
  });

  it('changes its first addresses, its port and its mode', async () => {
    await registerNetwork(manager);
    const form = { ipv4_address: '172.16.1.77', mac_address: '52:54:00:00:00:77', port_name: 'tap7' };
    expect(await done('PUT', '/interfaces/if-veth1', form)).toMatchObject({
      ipv4_address: '172.16.1.77',
      mac_address: '52:54:00:00:00:77',
    });
    const ports = async () => (await done('GET', '/interfaces/if-veth1/ports')).items;
    expect(await ports()).toMatchObject([{ port_name: 'tap7', datapath_uuid: null }]);
    for (const [wrong, said] of [
      [{ ipv4_address: '172.16.9.1' }, 'IP Address 172.16.9.1 not in subnet 172.16.1.0.'],
      [{ ipv4_address: '172.16.1.2' }, expect.stringContaining('172.16.1.2')],
      [{ mac_address: '52:54:00:0d:84:02' }, expect.stringContaining('52:54:00:0d:84:02')],
    ] as const)
      expect((await call('PUT', '/interfaces/if-veth1', wrong)).body).toMatchObject({ message: said });
    await done('POST', '/interfaces', { uuid: 'if-bare' });
    expect((await call('PUT', '/interfaces/if-bare', { ipv4_address: '172.16.1.9' })).body).toMatchObject({
      message: 'interface if-bare has no IP lease to change',
      hint: expect.stringMatching(/^Use: vnctl ip-leases add --interface-uuid if-bare /),
    });
    expect(await done('PUT', '/interfaces/if-bare', { mode: 'simulated' })).toMatchObject({ mode: 'simulated' });
    expect((await done('GET', '/interfaces/if-bare/ports')).items).toMatchObject([
      { port_name: null, interface_mode: 'simulated' },
    ]);
    await done('PUT', '/interfaces/if-bare', { mode: 'vif' });
    expect((await done('GET', '/interfaces/if-bare/ports')).items).toMatchObject([{ port_name: 'if-bare' }]);
    await done('PUT', '/interfaces/if-veth1', { owner_datapath_uuid: 'dp-br0' });
    await done('PUT', '/interfaces/if-veth1', { owner_datapath_uuid: '' });
    expect(await ports()).toMatchObject([{ port_name: 'tap7', datapath_uuid: null }]);
  });

  it('has ports that are added, and removed by what they have', async () => {
    await registerNetwork(manager);
    const path = '/interfaces/if-veth1/ports';
    const added = await done('POST', path, { datapath_uuid: 'dp-br0', port_name: 'tap1' });
    expect(added).toMatchObject({ datapath_uuid: 'dp-br0', port_name: 'tap1', singular: true, interface_mode: 'vif' });
    expect(await call('POST', path, { datapath_uuid: 'dp-br0' })).toMatchObject(
      refused(400, '110', expect.stringContaining('interface_uuid if-veth1 with datapath_uuid dp-br0 is already used')),
    );
    expect(await done('DELETE', path, { port_name: 'other' })).toEqual([]);
    expect(await done('DELETE', path, { datapath_uuid: 'dp-br0' })).toEqual([added]);
    expect(await done('DELETE', path)).toMatchObject([{ port_name: 'if-veth1' }]);
    expect(await done('GET', path)).toMatchObject({ total_count: 0 });
  });

  it('takes with it what refers to it', async () => {
    await registerNetwork(manager);
    await done('POST', '/network_services', { interface_uuid: 'if-gw', mode: 'dhcp' });
    await done('DELETE', '/interfaces/if-gw');
    for (const path of ['/ip_leases', '/mac_leases']) expect((await done('GET', path)).total_count).toBe(2);
    expect((await done('GET', '/network_services')).total_count).toBe(0);
  });
});

describe('a lease', () => {
  it('of an address finds MAC lease and interface, each from the other', async () => {
    await registerNetwork(manager);
    const lease = (form: Record<string, string>) => call('POST', '/ip_leases', { network_uuid: 'nw-net1', ...form });
    const { uuid: macLease } = (await done('GET', '/mac_leases')).items[1];
    const held = { interface_uuid: 'if-veth2', mac_lease_uuid: macLease };
    expect((await lease({ ipv4_address: '172.16.1.20', interface_uuid: 'if-veth2' })).body).toMatchObject(held);
    expect((await lease({ ipv4_address: '172.16.1.21', mac_lease_uuid: macLease })).body).toMatchObject(held);
    const both = { ipv4_address: '172.16.1.22', mac_lease_uuid: macLease, interface_uuid: 'if-veth1' };
    expect((await lease(both)).body).toMatchObject({ ...held, mac_lease: { mac_address: 0x5254000d8402 } });
    expect((await lease({ ipv4_address: '172.16.1.23' })).body).toMatchObject({
      interface_uuid: null,
      interface: null,
    });
    expect(await lease({ ipv4_address: '10.0.0.1' })).toMatchObject(
      refused(400, '110', 'IP Address 10.0.0.1 not in subnet 172.16.1.0.'),
    );
    await done('POST', '/interfaces', { uuid: 'if-bare' });
    expect(await lease({ ipv4_address: '172.16.1.24', interface_uuid: 'if-bare' })).toMatchObject(
      refused(400, '110', expect.stringContaining('interface if-bare has no MAC lease')),
    );
  });

  it('of an address is attached and released', async () => {
    await registerNetwork(manager);
    const { uuid } = await done('POST', '/ip_leases', { network_uuid: 'nw-net1', ipv4_address: '172.16.1.30' });
    const path = `/ip_leases/${uuid}`;
    expect(await call('PUT', `${path}/release`)).toMatchObject(refused(400, '110', expect.stringContaining(uuid)));
    expect(await call('PUT', `${path}/attach`)).toMatchObject(refused(400, '111', 'interface_uuid'));
    expect(await call('PUT', `${path}/attach`, { interface_uuid: 'if-none' })).toMatchObject({ status: 404 });
    const attached = await done('PUT', `${path}/attach`, { interface_uuid: 'if-veth1' });
    expect(attached).toMatchObject({ interface_uuid: 'if-veth1', mac_lease_id: 1 });
    expect(attached).not.toHaveProperty('interface');
    expect(await call('PUT', `${path}/attach`, { interface_uuid: 'if-veth2' })).toMatchObject(
      refused(400, '110', `${uuid} is already attached to if-veth1`),
    );
    expect(await done('PUT', `${path}/release`)).toMatchObject({ interface_id: null, mac_lease_id: null });
    expect((await call('PUT', '/ip_leases/il-none/release')).status).toBe(404);
  });

  it('of a MAC address moves with its addresses', async () => {
    await registerNetwork(manager);
    const { uuid } = (await done('GET', '/mac_leases')).items[0];
    await done('PUT', `/mac_leases/${uuid}`, { interface_uuid: 'if-veth2', mac_address: '00:00:00:00:00:01' });
    expect((await done('GET', '/interfaces/if-veth1')).mac_leases).toEqual([]);
    const { mac_leases, ip_leases, ipv4_address } = await done('GET', '/interfaces/if-veth2');
    expect(mac_leases.map((one: { mac_address: string }) => one.mac_address)).toEqual([
      '52:54:00:0d:84:01',
      '52:54:00:0d:84:02',
    ]);
    expect([ip_leases.length, ipv4_address]).toEqual([1, '172.16.1.2']);
  });
});

describe('a route', () => {
  it('leads to the network of its interface, now or as soon as that has one', async () => {
    await registerNetwork(manager);
    await done('POST', '/route_links', { uuid: 'rl-a' });
    await done('POST', '/interfaces', { uuid: 'if-late', mode: 'simulated', mac_address: '52:54:00:00:02:01' });
    const form = { route_link_uuid: 'rl-a', ipv4_network: '172.16.1.0' };
    const early = await done('POST', '/routes', { ...form, interface_uuid: 'if-gw' });
    expect(early).toEqual({
      uuid: expect.stringMatching(/^r-/),
      description: null,
      route_link_uuid: 'rl-a',
      network_uuid: 'nw-net1',
      interface_uuid: 'if-gw',
      mode: 'gateway',
      ipv4_network: '172.16.1.0',
      ipv4_prefix: 24,
      next_hop_ipv4_address: null,
      ingress: true,
      egress: true,
      created_at: expect.any(String),
      updated_at: expect.any(String),
    });
    const { uuid } = await done('POST', '/routes', { ...form, interface_uuid: 'if-late' });
    expect((await done('GET', `/routes/${uuid}`)).network_uuid).toBeNull();
    await done('POST', '/ip_leases', {
      network_uuid: 'nw-net1',
      ipv4_address: '172.16.1.40',
      interface_uuid: 'if-late',
    });
    expect((await done('GET', `/routes/${uuid}`)).network_uuid).toBe('nw-net1');
  });

  it('takes its prefix from the address, unless it is given by itself', async () => {
    await registerNetwork(manager);
    await done('POST', '/route_links', { uuid: 'rl-a' });
    const route = (form: Record<string, string>) =>
      done('POST', '/routes', { route_link_uuid: 'rl-a', interface_uuid: 'if-gw', ...form });
    expect(await route({ ipv4_network: '10.0.0.0/8' })).toMatchObject({ ipv4_network: '10.0.0.0', ipv4_prefix: 8 });
    expect(await route({ ipv4_network: '0.0.0.0', ipv4_prefix: '0' })).toMatchObject({ ipv4_prefix: 0 });
  });
});

describe('a relation of a datapath', () => {
  it('finds the host interface, and has an address in any case', async () => {
    await registerNetwork(manager);
    const path = '/datapaths/dp-br0/networks/nw-net1';
    expect(await done('POST', path)).toMatchObject({ interface_id: null, mac_address: 0x009996000001 });
    await done('DELETE', path);
    const host = { mode: 'host', owner_datapath_uuid: 'dp-br0', port_name: 'eth0', mac_address: '52:54:00:00:03:01' };
    const { id } = await done('POST', '/interfaces', { ...host, network_uuid: 'nw-net1', ipv4_address: '172.16.1.50' });
    expect(await done('POST', path, { broadcast_mac_address: '08:00:27:10:03:01' })).toMatchObject({
      datapath_id: 1,
      network_id: 1,
      interface_id: id,
      ip_lease_id: 4,
      mac_address: 0x080027100301,
      mac_address_id: 2,
      topology_id: null,
      topology_layer_id: null,
      topology_mac_range_group_id: null,
    });
  });

  it('reports what is wrong with its body before what is not there', async () => {
    await registerNetwork(manager);
    const path = '/datapaths/dp-br0/networks/nw-none';
    expect(await call('POST', path, { mac_address: 'x' })).toMatchObject(
      refused(400, '110', expect.stringContaining('Could not parse MAC address: x')),
    );
    expect(await call('POST', path)).toMatchObject(
      refused(404, '100', expect.stringMatching(/^Network#network_uuid: /)),
    );
  });
});

describe('older words', () => {
  it('are understood: network_mode, type, display names that are modes, what datapaths no longer have', async () => {
    const network = { ipv4_network: '10.0.0.0/16', mode: 'physical', network_mode: 'virtual', editable: 'true' };
    expect(await done('POST', '/networks', network)).toMatchObject({ mode: 'virtual', ipv4_prefix: 16 });
    expect(await done('POST', '/network_services', { type: 'dns' })).toMatchObject({ mode: 'dns' });
    expect(await done('POST', '/network_services', { display_name: 'dhcp' })).toMatchObject({ mode: 'dhcp' });
    expect(await call('POST', '/network_services', { display_name: 'mail' })).toMatchObject(
      refused(400, '111', 'mode'),
    );
    const datapath = { display_name: 'a', node_id: 'n', dpid: '00:00:00:00:00:00:00:1a', dc_segment_id: 's' };
    expect(await done('POST', '/datapaths', datapath)).toMatchObject({ dpid: '0x000000000000001a' });
    expect(await call('POST', '/datapaths', datapath)).toMatchObject(
      refused(
        400,
        '110',
        expect.stringMatching(/^dpid 0x000000000000001a with node_id n is already used by datapath dp-\w+$/),
      ),
    );
  });
});
