/** What hosts are told, against the slices that are found anew from the same store. */
import type { Change, Kind, RowOf } from '@openvnet/model';
import { openStore, type Store, type Transaction } from '@openvnet/store';
import { describe, expect, it } from 'vitest';
import { Host, type Key } from './host.ts';
import { Slices } from './slices.ts';

const by = { author: 'test', request: null, message: null };

/** Agents that take in what they are told, and nothing else. */
class Fleet {
  readonly store: Store;
  readonly hosts: Host[] = [];
  readonly copies = new Map<Host, Map<Key, unknown>>();
  slices!: Slices;
  #batch: Change[] = [];

  constructor(store: Store) {
    this.store = store;
  }

  static async start(store: Store, nodes: readonly string[]): Promise<Fleet> {
    const fleet = new Fleet(store);
    fleet.slices = await store.read((reader) => Slices.load(reader));
    store.subscribe(({ changes }) => fleet.#batch.push(...changes));
    for (const node of nodes) {
      const host = new Host(node);
      fleet.hosts.push(host);
      fleet.slices.add(host);
    }
    await fleet.tell();
    return fleet;
  }

  /** Commits, and tells every host what it is to be told. */
  async change(...work: ((tx: Transaction) => Promise<unknown>)[]): Promise<void> {
    for (const one of work) await this.store.transaction(by, one);
    await this.tell();
  }

  async ports(host: Host, ...names: string[]): Promise<void> {
    const ports = { set: names.map((name) => ['1', name, null] as ['1', string, null]), gone: [], whole: true };
    this.slices.reported(host, [], ports);
    await this.tell();
  }

  async tell(): Promise<Key[][]> {
    const changes = this.#batch;
    this.#batch = [];
    const last = new Map(changes.map((change) => [`${change.kind} ${change.id}` as Key, change]));
    this.slices.committed(changes, last);
    const told = new Map<Host, Key[]>();
    await this.store.read(async (reader) => {
      for (const host of [...this.slices.due]) {
        const copy = this.copies.get(host) ?? new Map<Key, unknown>();
        this.copies.set(host, copy);
        if (host.anew) {
          copy.clear();
          for (const { kind, id, row } of await this.slices.takeAll(host, reader)) copy.set(`${kind} ${id}`, row);
          continue;
        }
        const rows = this.slices.takeTouched(host, last);
        await this.slices.takeMoved(host, rows, reader);
        for (const [key, row] of rows) {
          if (row) copy.set(key, row);
          else copy.delete(key);
        }
        told.set(host, [...rows.keys()]);
      }
    });
    return this.hosts.map((host) => told.get(host) ?? []);
  }

  /** That every copy is what a manager that has just been started would send. */
  async expectWhole(): Promise<void> {
    await this.store.read(async (reader) => {
      const fresh = await Slices.load(reader);
      for (const host of this.hosts) {
        const same = new Host(host.node);
        same.reported({ set: [...host.names()].map((name) => ['1', name, null]), gone: [], whole: true });
        fresh.add(same);
        const rows = await fresh.takeAll(same, reader);
        const wanted = new Map(rows.map(({ kind, id, row }) => [`${kind} ${id}`, row]));
        const copy = this.copies.get(host) ?? new Map();
        expect([host.node, [...copy.keys()].sort()]).toEqual([host.node, [...wanted.keys()].sort()]);
        expect(Object.fromEntries(copy)).toEqual(Object.fromEntries(wanted));
      }
    });
  }

  /** What a host has, as `kind id`, of some kinds. */
  has(host: Host, ...kinds: Kind[]): string[] {
    return [...(this.copies.get(host)?.keys() ?? [])].filter((key) => kinds.includes(key.split(' ')[0] as Kind)).sort();
  }
}

async function datapaths(tx: Transaction, nodes: readonly string[]): Promise<void> {
  for (const [i, node_id] of nodes.entries())
    await tx.insert('datapath', {
      uuid: `dp-${i + 1}`,
      display_name: node_id,
      dpid: `${i + 1}`.padStart(16, '0'),
      node_id,
      enable_ovs_learn_action: true,
    });
}

const flags = { enable_filtering: true, enable_route_translation: false, enable_routing: false };

/** A network, with a gateway into a router where one is given. */
async function network(tx: Transaction, id: number, router?: number, segment_id: number | null = null): Promise<void> {
  const where = { ipv4_network: id << 8, ipv4_prefix: 24, segment_id };
  await tx.insert('network', { uuid: `nw-${id}`, display_name: `n${id}`, mode: 'virtual', ...where });
  if (router === undefined) return;
  const gateway = await interfaceIn(tx, `gw-${id}`, id, 'simulated');
  await routeOf(tx, `r-${id}`, gateway, { network_id: id, route_link_id: router });
}

async function routeOf(
  tx: Transaction,
  uuid: string,
  interface_id: number,
  of: { network_id: number | null; route_link_id: number },
): Promise<void> {
  const range = { ipv4_network: of.network_id ?? 0, ipv4_prefix: 24, ingress: true, egress: true };
  await tx.insert('route', { uuid, interface_id, ...of, ...range });
}

async function interfaceIn(
  tx: Transaction,
  uuid: string,
  network_id: number,
  mode: RowOf<'interface'>['mode'] = 'vif',
): Promise<number> {
  const { id: interface_id } = await tx.insert('interface', { uuid: `if-${uuid}`, mode, ...flags });
  const port_name = mode === 'simulated' ? null : uuid;
  await tx.insert('interface_port', {
    interface_id,
    datapath_id: null,
    port_name,
    singular: null,
    interface_mode: mode,
  });
  const { id: mac_lease_id } = await tx.insert('mac_lease', {
    uuid: `ml-${uuid}`,
    interface_id,
    mac_address: interface_id,
    segment_id: null,
  });
  await tx.insert('ip_lease', {
    uuid: `il-${uuid}`,
    interface_id,
    mac_lease_id,
    network_id,
    ipv4_address: interface_id,
    enable_routing: false,
  });
  const { id: filter_id } = await tx.insert('filter', {
    uuid: `fil-${uuid}`,
    interface_id,
    mode: 'static',
    ingress_passthrough: false,
    egress_passthrough: false,
  });
  await tx.insert('filter_static', {
    filter_id,
    protocol: 'icmp',
    action: 'pass',
    src_address: 0,
    src_prefix: 0,
    dst_address: 0,
    dst_prefix: 0,
  });
  if (mode === 'simulated') {
    await tx.insert('translation', { uuid: `tr-${uuid}`, interface_id, mode: 'static_address', passthrough: false });
    await tx.insert('network_service', { uuid: `ns-${uuid}`, interface_id, mode: 'dhcp' });
  }
  return interface_id;
}

describe('slices', () => {
  it('give a host what its ports can reach, and no more', async () => {
    await using store = await openStore('memory');
    const fleet = await Fleet.start(store, ['one', 'two', 'three']);
    const [one, two, three] = fleet.hosts as [Host, Host, Host];
    await fleet.change((tx) => datapaths(tx, ['one', 'two', 'three']));
    await fleet.change(async (tx) => {
      for (const uuid of ['rl-1', 'rl-2']) await tx.insert('route_link', { uuid, mac_address: 1 });
      // Networks 1 and 2 are joined by a router, 3 is beyond 2, and 4 is of somebody else.
      for (const [id, router] of [
        [1, 1],
        [2, 1],
        [3, 2],
        [4, undefined],
      ] as const)
        await network(tx, id, router);
      await routeOf(tx, 'r-x', 2, { network_id: 2, route_link_id: 2 });
      for (const id of [1, 2, 3, 4]) await interfaceIn(tx, `v${id}`, id);
    });
    expect(fleet.has(one, 'network', 'interface')).toEqual([]);
    await fleet.ports(one, 'v1');
    expect(fleet.has(one, 'network')).toEqual(['network 1', 'network 2']);
    expect(fleet.has(one, 'interface')).toEqual(['interface 1', 'interface 2', 'interface 4', 'interface 5']);
    expect(fleet.has(one, 'route_link')).toEqual(['route_link 1']);
    // Who filters is the host of a guest.
    expect(fleet.has(one, 'filter', 'filter_static')).toEqual(['filter 4', 'filter_static 4']);
    expect(fleet.has(one, 'translation')).toEqual(['translation 1', 'translation 2']);
    expect(fleet.has(one, 'datapath')).toEqual(['datapath 1']);
    await fleet.ports(two, 'v4');
    expect(fleet.has(two, 'network', 'interface', 'route_link')).toEqual(['interface 7', 'network 4']);
    await fleet.ports(three, 'v2');
    expect(fleet.has(three, 'network')).toEqual(['network 1', 'network 2', 'network 3']);
    await fleet.expectWhole();
    // A placement brings the host with it, and tells its own host nothing.
    const place = { uuid: '', interface_id: 5, datapath_id: 3, port_name: 'v2', port_number: 1, standby: false };
    await fleet.change((tx) => tx.insert('active_interface', place));
    expect(fleet.has(one, 'datapath', 'active_interface')).toEqual(['active_interface 1', 'datapath 1', 'datapath 3']);
    expect(fleet.has(three, 'active_interface')).toEqual([]);
    expect(fleet.has(two, 'datapath', 'active_interface')).toEqual(['datapath 2']);
    await fleet.expectWhole();
    // It stays where it is placed, until both port and place are gone.
    await fleet.ports(three);
    expect(fleet.has(three, 'network')).toHaveLength(3);
    await fleet.change((tx) => tx.remove('active_interface', 1));
    expect(fleet.has(three, 'network', 'interface', 'datapath')).toEqual(['datapath 3']);
    await fleet.expectWhole();
  });

  it('are the same whichever changes they came by', async () => {
    for (let seed = 1; seed <= 8; seed++) await drawn(seed);
  });
});

/** Thirty random changes, of several objects at once or one after the other before anybody is told. */
async function drawn(seed: number): Promise<void> {
  await using store = await openStore('memory');
  const nodes = ['one', 'two', 'three'];
  const random = randomFrom(seed);
  const oneOf = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
  const fleet = await Fleet.start(store, nodes);
  await fleet.change(async (tx) => {
    await datapaths(tx, nodes);
    for (const uuid of ['rl-1', 'rl-2']) await tx.insert('route_link', { uuid, mac_address: 1 });
    const { id: segment } = await tx.insert('segment', { uuid: 'seg-1', mode: 'virtual' });
    for (const id of [1, 2, 3, 4, 5]) await network(tx, id, [1, 1, 2, 2, undefined][id - 1], id > 3 ? segment : null);
  });
  let made = 10;
  const removeOne = async (tx: Transaction, kind: Kind): Promise<void> => {
    const rows = await tx.find(kind, {});
    if (rows.length > 0) await tx.remove(kind, oneOf(rows).id);
  };
  const steps: readonly ((tx: Transaction) => Promise<unknown>)[] = [
    (tx) =>
      interfaceIn(tx, `v${++made}`, oneOf([1, 2, 3, 4, 5]), oneOf(['vif', 'vif', 'vif', 'simulated', 'internal'])),
    async (tx) => {
      const row = oneOf(await tx.find('interface', { mode: ['vif', 'internal'] }));
      if (!row) return;
      for (const kind of ['filter', 'ip_lease', 'mac_lease', 'interface_port', 'active_interface'] as const) {
        for (const { id } of await tx.find(kind, { interface_id: row.id })) {
          if (kind === 'filter')
            for (const one of await tx.find('filter_static', { filter_id: id }))
              await tx.remove('filter_static', one.id);
          await tx.remove(kind, id);
        }
      }
      await tx.remove('interface', row.id);
    },
    (tx) => removeOne(tx, 'active_interface'),
    (tx) => removeOne(tx, 'route'),
    (tx) => removeOne(tx, 'ip_lease'),
    async (tx) => {
      const gateway = oneOf(await tx.find('interface', { mode: 'simulated' }));
      const [lease] = gateway ? await tx.find('ip_lease', { interface_id: gateway.id }) : [];
      if (lease)
        await routeOf(tx, `r-${++made}`, gateway!.id, {
          network_id: oneOf([null, lease.network_id]),
          route_link_id: oneOf([1, 2]),
        });
    },
    async (tx) => {
      const guest = oneOf(await tx.find('interface', { mode: 'vif' }));
      if (!guest) return;
      const place = { interface_id: guest.id, datapath_id: oneOf([1, 2, 3]) };
      const [there] = await tx.find('active_interface', place);
      if (there) await tx.update('active_interface', there.id, { standby: !there.standby });
      else await tx.insert('active_interface', { uuid: '', ...place, port_name: 'x', port_number: 1, standby: false });
    },
    async (tx) => {
      const lease = oneOf(await tx.find('mac_lease', {}));
      if (lease) await tx.update('mac_lease', lease.id, { segment_id: oneOf([null, 1]) });
    },
    async (tx) => {
      const row = oneOf(await tx.find('interface', {}));
      if (row) await tx.update('interface', row.id, { mode: oneOf(['vif', 'simulated', 'internal', 'host']) });
    },
    async (tx) => {
      const row = oneOf(await tx.find('interface_port', {}));
      const to = { datapath_id: oneOf([null, 1, 2]), port_name: oneOf([null, 'v11', 'v12', 'v13']) };
      if (row && (await tx.count('interface_port', to)) === 0) await tx.update('interface_port', row.id, to);
    },
  ];
  for (let step = 0; step < 30; step++) {
    await fleet.change(...Array.from({ length: oneOf([1, 1, 2, 4]) }, () => oneOf(steps)));
    if (random() < 0.4)
      await fleet.ports(oneOf(fleet.hosts), ...['v11', 'v12', 'v13', 'v14', 'v15'].filter(() => random() < 0.3));
    await fleet.expectWhole();
  }
}

function randomFrom(seed: number): () => number {
  let state = seed * 2654435761;
  return () => {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x297a2d39) | 0;
    return ((state ^ (state >>> 12)) >>> 0) / 2 ** 32;
  };
}
