import { mkdtempDisposableSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Commit, openStore, type Store, StoreError, type Transaction, UniqueError } from './index.ts';

const network = { uuid: 'nw-a', display_name: '', ipv4_network: 0x0a000000, ipv4_prefix: 24 };

function attach(tx: Transaction, name: string, address: number, networkId: number) {
  const flags = { enable_filtering: false, enable_routing: false, enable_route_translation: false };
  const iface = tx.insert('interface', { uuid: `if-${name}`, mode: 'vif', ...flags });
  const port = tx.insert('interface_port', { interface_id: iface.id, port_name: `if-${name}`, singular: true });
  const mac = tx.insert('mac_lease', { uuid: `ml-${name}`, interface_id: iface.id, mac_address: address });
  const lease = tx.insert('ip_lease', {
    uuid: `il-${name}`,
    enable_routing: false,
    network_id: networkId,
    ipv4_address: address,
    mac_lease_id: mac.id,
    interface_id: iface.id,
  });
  return { iface, port, mac, lease };
}

async function withNetwork(): Promise<{ store: Store; id: number }> {
  const store = await openStore('memory');
  return { store, id: store.transaction((tx) => tx.insert('network', network)).value.id };
}

describe('a transaction', () => {
  it('gives rows as the model has them, with defaults, and one revision', async () => {
    const { store, id } = await withNetwork();
    const made = store.transaction((tx) => attach(tx, 'x', 1, id));
    expect(made.revision).toBe(2);
    expect(made.value.port).toEqual({
      id: 1,
      interface_id: 1,
      datapath_id: null,
      port_name: 'if-x',
      singular: true,
      interface_mode: null,
      created_at: expect.stringMatching(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC$/),
      updated_at: expect.any(String),
    });
    expect(store.get('interface', 1)).toMatchObject({ uuid: 'if-x', enable_filtering: false });
    expect(store.byUuid('network', 'nw-a')).toMatchObject({ domain_name: null, mode: null });
  });

  it('sees what it has written, and leaves nothing behind when it fails', async () => {
    const { store, id } = await withNetwork();
    const seen: Commit[] = [];
    store.subscribe((commit) => seen.push(commit));
    expect(() =>
      store.transaction((tx) => {
        attach(tx, 'x', 1, id);
        expect(tx.find('ip_lease', { network_id: id })).toHaveLength(1);
        throw new Error('no');
      }),
    ).toThrow('no');
    expect(store.count('interface')).toBe(0);
    expect(store.revision).toBe(1);
    expect(seen).toEqual([]);
    expect(store.transaction((tx) => attach(tx, 'x', 1, id)).revision).toBe(2);
  });

  it('tells of each object once, in its final state', async () => {
    const { store, id } = await withNetwork();
    const seen: Commit[] = [];
    store.subscribe((commit) => seen.push(commit));
    store.transaction((tx) => {
      tx.update('network', id, { display_name: 'one' });
      tx.update('network', id, { display_name: 'two' });
      const gone = tx.insert('network', { ...network, uuid: 'nw-b' });
      tx.remove('network', gone.id);
    });
    expect(seen).toEqual([
      { revision: 2, value: undefined, changes: [{ kind: 'network', id, row: store.get('network', id) }] },
    ]);
    expect(store.get('network', id)?.display_name).toBe('two');
  });

  it('has no revision when it changes nothing', async () => {
    const { store, id } = await withNetwork();
    const done = store.transaction((tx) => tx.update('network', id, { display_name: '' }));
    expect(done).toMatchObject({ revision: 1, changes: [] });
  });

  it('removes what refers to a removed row, and what refers to that', async () => {
    const { store, id } = await withNetwork();
    const { iface } = store.transaction((tx) => {
      const router = tx.insert('route_link', { uuid: 'rl-a' });
      const { iface } = attach(tx, 'x', 1, id);
      const way = { ipv4_network: 0, ipv4_prefix: 0, ingress: true, egress: true };
      tx.insert('route', { uuid: 'r-a', interface_id: iface.id, route_link_id: router.id, ...way });
      return attach(tx, 'y', 2, id) && { iface };
    }).value;
    const { changes } = store.transaction((tx) => tx.remove('interface', iface.id));
    expect(changes.map(({ kind, id, row }) => [kind, id, row])).toEqual([
      ['interface_port', 1, null],
      ['ip_lease', 1, null],
      ['mac_lease', 1, null],
      ['route', 1, null],
      ['interface', 1, null],
    ]);
    expect(store.count('ip_lease')).toBe(1);
  });

  it('never uses an id again', async () => {
    const { store, id } = await withNetwork();
    store.transaction((tx) => tx.remove('network', id));
    expect(store.transaction((tx) => tx.insert('network', network)).value.id).toBe(id + 1);
  });

  it('refuses what another row has, naming it', async () => {
    const { store, id } = await withNetwork();
    store.transaction((tx) => attach(tx, 'x', 1, id));
    const again = (uuid: string, mac: number) => () =>
      store.transaction((tx) => tx.insert('mac_lease', { uuid, interface_id: 1, mac_address: mac }));
    expect(again('ml-y', 1)).toThrow(UniqueError);
    expect(again('ml-y', 1)).toThrow('mac_lease with mac_address 1 exists: id 1');
    expect(again('ml-x', 2)).toThrow('mac_lease with uuid ml-x exists: id 1');
    const port = (values: object) => () =>
      store.transaction((tx) => tx.insert('interface_port', { interface_id: 1, ...values }));
    expect(port({})).toThrow('interface_port with interface_id 1, datapath_id null exists: id 1');
    store.transaction((tx) =>
      tx.insert('datapath', { display_name: '', enable_ovs_learn_action: true, node_id: 'n', dpid: '1', uuid: 'dp-a' }),
    );
    expect(port({ datapath_id: 1 })).not.toThrow();
  });
});

describe('a store', () => {
  it('lists in order of the ids, by page, by one value or by several', async () => {
    const { store, id } = await withNetwork();
    store.transaction((tx) => ['a', 'b', 'c', 'd'].map((name, i) => attach(tx, name, i + 1, id)));
    const names = (rows: readonly { uuid: string }[]) => rows.map(({ uuid }) => uuid);
    expect(names(store.find('interface', {}, { limit: 2, offset: 1 }))).toEqual(['if-b', 'if-c']);
    expect(names(store.find('ip_lease', { interface_id: [4, 2] }))).toEqual(['il-b', 'il-d']);
    expect(store.count('ip_lease', { network_id: id })).toBe(4);
    expect(store.count('network', { mode: null })).toBe(1);
  });

  it('says what changed since a revision, and that it no longer knows', async () => {
    const store = await openStore('memory', { keep: 2 });
    const ids = ['a', 'b', 'c', 'd', 'e', 'f'].map(
      (name) => store.transaction((tx) => tx.insert('network', { ...network, uuid: `nw-${name}` })).value.id,
    );
    expect(store.changesSince(4)?.map(({ id }) => id)).toEqual(ids.slice(4));
    for (const id of ids.slice(0, 5)) store.transaction((tx) => tx.remove('network', id));
    expect(store.revision).toBe(11);
    expect(store.changesSince(8)).toBeUndefined();
    expect(store.changesSince(9)?.map(({ id, row }) => [id, row])).toEqual([
      [4, null],
      [5, null],
    ]);
    expect(store.changesSince(11)).toEqual([]);
    expect(store.changesSince(12)).toBeUndefined();
    expect(store.revisionsOf('network', [6])).toEqual(new Map([[6, 6]]));
  });

  it('is one with all it had when it is opened again', async () => {
    using directory = mkdtempDisposableSync(join(tmpdir(), 'openvnet-store-'));
    const path = join(directory.path, 'deep', 'store.db');
    const before = await openStore(path);
    before.transaction((tx) => tx.insert('network', network));
    const { id } = before;
    before.close();
    using after = await openStore(path);
    expect(after.id).toBe(id);
    expect(after.snapshot().rows.network).toMatchObject([{ uuid: 'nw-a' }]);
    expect(after.revision).toBe(1);
  });

  it('refuses a file that another one has, or that is none', async () => {
    using directory = mkdtempDisposableSync(join(tmpdir(), 'openvnet-store-'));
    const path = join(directory.path, 'store.db');
    using _store = await openStore(path);
    await expect(openStore(path)).rejects.toThrow(
      new StoreError(`The store ${path} is in use: another process, such as a second manager, has it open.`),
    );
    await expect(openStore('/dev/null/store.db')).rejects.toThrow(/^The store \/dev\/null\/store.db cannot be opened:/);
  });
});
