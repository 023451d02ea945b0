import { mkdtempDisposableSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Commit, openStore, type Store, StoreError, type Transaction, UniqueError } from './index.ts';

const by = { author: 'ann', request: 'r-1', message: null };
const network = { uuid: 'nw-a', display_name: '', ipv4_network: 0x0a000000, ipv4_prefix: 24 };

async function attach(tx: Transaction, name: string, address: number, networkId: number) {
  const flags = { enable_filtering: false, enable_routing: false, enable_route_translation: false };
  const iface = await tx.insert('interface', { uuid: `if-${name}`, mode: 'vif', ...flags });
  const port = await tx.insert('interface_port', { interface_id: iface.id, port_name: `if-${name}`, singular: true });
  const mac = await tx.insert('mac_lease', { uuid: `ml-${name}`, interface_id: iface.id, mac_address: address });
  const lease = await tx.insert('ip_lease', {
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
  const { value } = await store.transaction(by, (tx) => tx.insert('network', network));
  return { store, id: value.id };
}

describe('a transaction', () => {
  it('gives rows as the model has them, with defaults, and one revision', async () => {
    const { store, id } = await withNetwork();
    const made = await store.transaction(by, (tx) => attach(tx, 'x', 1, id));
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
    expect(await store.get('interface', 1)).toMatchObject({ uuid: 'if-x', enable_filtering: false });
    expect(await store.byUuid('network', 'nw-a')).toMatchObject({ domain_name: null, mode: null });
  });

  it('sees what it has written, and leaves nothing behind when it fails', async () => {
    const { store, id } = await withNetwork();
    const seen: Commit[] = [];
    store.subscribe((commit) => seen.push(commit));
    const failing = store.transaction(by, async (tx) => {
      await attach(tx, 'x', 1, id);
      expect(await tx.find('ip_lease', { network_id: id })).toHaveLength(1);
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    expect(await store.count('interface')).toBe(0);
    expect(store.revision).toBe(1);
    expect(seen).toEqual([]);
    expect((await store.transaction(by, (tx) => attach(tx, 'x', 1, id))).revision).toBe(2);
  });

  it('tells of each object once, in its final state', async () => {
    const { store, id } = await withNetwork();
    const seen: Commit[] = [];
    store.subscribe((commit) => seen.push(commit));
    await store.transaction(by, async (tx) => {
      await tx.update('network', id, { display_name: 'one' });
      await tx.update('network', id, { display_name: 'two' });
      const gone = await tx.insert('network', { ...network, uuid: 'nw-b' });
      await tx.remove('network', gone.id);
    });
    expect(seen).toEqual([
      { revision: 2, value: undefined, changes: [{ kind: 'network', id, row: await store.get('network', id) }] },
    ]);
    expect((await store.get('network', id))?.display_name).toBe('two');
  });

  it('has no revision when it changes nothing', async () => {
    const { store, id } = await withNetwork();
    const done = await store.transaction(by, (tx) => tx.update('network', id, { display_name: '' }));
    expect(done).toMatchObject({ revision: 1, changes: [] });
  });

  it('removes what refers to a removed row, and what refers to that', async () => {
    const { store, id } = await withNetwork();
    const { value: iface } = await store.transaction(by, async (tx) => {
      const router = await tx.insert('route_link', { uuid: 'rl-a' });
      const { iface } = await attach(tx, 'x', 1, id);
      const way = { ipv4_network: 0, ipv4_prefix: 0, ingress: true, egress: true };
      await tx.insert('route', { uuid: 'r-a', interface_id: iface.id, route_link_id: router.id, ...way });
      await attach(tx, 'y', 2, id);
      return iface;
    });
    const { changes } = await store.transaction(by, (tx) => tx.remove('interface', iface.id));
    expect(changes.map(({ kind, id, row }) => [kind, id, row])).toEqual([
      ['interface_port', 1, null],
      ['ip_lease', 1, null],
      ['mac_lease', 1, null],
      ['route', 1, null],
      ['interface', 1, null],
    ]);
    expect(await store.count('ip_lease')).toBe(1);
  });

  it('never uses an id again', async () => {
    const { store, id } = await withNetwork();
    await store.transaction(by, (tx) => tx.remove('network', id));
    expect((await store.transaction(by, (tx) => tx.insert('network', network))).value.id).toBe(id + 1);
  });

  it('refuses what another row has, naming it', async () => {
    const { store, id } = await withNetwork();
    await store.transaction(by, (tx) => attach(tx, 'x', 1, id));
    const again = (uuid: string, mac: number) =>
      store.transaction(by, (tx) => tx.insert('mac_lease', { uuid, interface_id: 1, mac_address: mac }));
    await expect(again('ml-y', 1)).rejects.toThrow(UniqueError);
    await expect(again('ml-y', 1)).rejects.toThrow('mac_lease with mac_address 1 exists: id 1');
    await expect(again('ml-x', 2)).rejects.toThrow('mac_lease with uuid ml-x exists: id 1');
    const port = (values: object) =>
      store.transaction(by, (tx) => tx.insert('interface_port', { interface_id: 1, ...values }));
    await expect(port({})).rejects.toThrow('interface_port with interface_id 1, datapath_id null exists: id 1');
    const datapath = { display_name: '', enable_ovs_learn_action: true, node_id: 'n', dpid: '1', uuid: 'dp-a' };
    await store.transaction(by, (tx) => tx.insert('datapath', datapath));
    await expect(port({ datapath_id: 1 })).resolves.toMatchObject({ revision: 4 });
  });
});

describe('a store', () => {
  it('lists in order of the ids, by page, by one value or by several', async () => {
    const { store, id } = await withNetwork();
    await store.transaction(by, (tx) =>
      Promise.all(['a', 'b', 'c', 'd'].map((name, i) => attach(tx, name, i + 1, id))),
    );
    const names = (rows: readonly { uuid: string }[]) => rows.map(({ uuid }) => uuid);
    expect(names(await store.find('interface', {}, { limit: 2, offset: 1 }))).toEqual(['if-b', 'if-c']);
    expect(names(await store.find('ip_lease', { interface_id: [4, 2] }))).toEqual(['il-b', 'il-d']);
    expect(await store.count('ip_lease', { network_id: id })).toBe(4);
    expect(await store.count('network', { mode: null })).toBe(1);
  });

  it('says what changed since a revision, each object once, unless it is too much', async () => {
    const store = await openStore('memory', { mostMissed: 4 });
    const ids: number[] = [];
    for (const name of ['a', 'b', 'c', 'd']) {
      const made = await store.transaction(by, (tx) => tx.insert('network', { ...network, uuid: `nw-${name}` }));
      ids.push(made.value.id);
    }
    expect((await store.changesSince(2))?.map(({ id }) => id)).toEqual(ids.slice(2));
    await store.transaction(by, (tx) => tx.update('network', 3, { display_name: 'c' }));
    for (const id of [1, 4]) await store.transaction(by, (tx) => tx.remove('network', id));
    expect(store.revision).toBe(7);
    expect(await store.changesSince(2)).toBeUndefined();
    expect((await store.changesSince(3))?.map(({ id, row }) => [id, row?.uuid])).toEqual([
      [3, 'nw-c'],
      [1, undefined],
      [4, undefined],
    ]);
    expect(await store.changesSince(7)).toEqual([]);
    expect(await store.changesSince(8)).toBeUndefined();
    expect(await store.revisionsOf('network', [2, 3, 4])).toEqual(
      new Map([
        [2, 2],
        [3, 5],
        [4, 7],
      ]),
    );
  });

  it('logs each change: who asked, in which request, why, and the object before and after', async () => {
    const { store, id } = await withNetwork();
    await store.transaction({ author: 'ben', request: 'r-2', message: 'typo' }, (tx) =>
      tx.update('network', id, { display_name: 'net' }),
    );
    await store.transaction(by, (tx) => tx.remove('network', id));
    const common = { kind: 'network', id, time: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/) };
    const before = expect.objectContaining({ uuid: 'nw-a', display_name: '' });
    const after = expect.objectContaining({ uuid: 'nw-a', display_name: 'net' });
    expect(await store.log({ kind: 'network', id })).toEqual([
      { ...common, ...by, revision: 3, removed: true, before: after, after: null },
      { ...common, author: 'ben', request: 'r-2', message: 'typo', revision: 2, removed: false, before, after },
      { ...common, ...by, revision: 1, removed: false, before: null, after: before },
    ]);
    expect(await store.log({ revision: 2 })).toMatchObject([{ author: 'ben', id }]);
  });

  it('is one with all it had when it is opened again', async () => {
    using directory = mkdtempDisposableSync(join(tmpdir(), 'openvnet-store-'));
    const path = join(directory.path, 'deep', 'store.db');
    const before = await openStore(path);
    await before.transaction(by, (tx) => tx.insert('network', network));
    const { id } = before;
    await before.close();
    await using after = await openStore(path);
    expect(after.id).toBe(id);
    expect(await after.find('network', {})).toMatchObject([{ uuid: 'nw-a' }]);
    expect(after.revision).toBe(1);
  });

  it('refuses a file that another one has, or that is none', async () => {
    using directory = mkdtempDisposableSync(join(tmpdir(), 'openvnet-store-'));
    const path = join(directory.path, 'store.db');
    await using _store = await openStore(path);
    await expect(openStore(path)).rejects.toThrow(
      new StoreError(`The store ${path} is in use: another process, such as a second manager, has it open.`),
    );
    await expect(openStore('/dev/null/store.db')).rejects.toThrow(/^The store \/dev\/null\/store.db cannot be opened:/);
  });
});
