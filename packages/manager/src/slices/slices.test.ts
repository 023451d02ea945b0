/** What hosts are told, against the slices that are found anew from the same store. */
import type { Change, Kind, RowOf } from '@openvnet/model';
import { openStore, type Store, type Transaction } from '@openvnet/store';
import { describe, expect, it } from 'vitest';
import { Host, type Key } from './host.ts';
import { publishedKinds } from './published.ts';
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
    await tx.insert('datapath', { uuid: `dp-${i + 1}`, display_name: node_id, dpid: `${i + 1}`.padStart(16, '0'), node_id, ...blankDatapath });
}

const blankDatapath = { ipv4_address: null, encapsulation: null, tunnel_address: null, underlay_mtu: null } as never as object;

/** A network, with a gateway into a router where one is given. */
async function network(tx: Transaction, id: number, router?: number): Promise<number> {
  const made = await tx.insert('network', { uuid: `nw-${id}`, display_name: `n${id}`, ipv4_network: id << 8, ipv4_prefix: 24, mode: 'virtual' } as never);
  if (router === undefined) return made.id;
  const gateway = await interfaceIn(tx, `gw-${id}-${router}`, made.id, 'simulated');
  await tx.insert('route', { uuid: `r-${id}-${router}`, interface_id: gateway, network_id: made.id, route_link_id: router, ipv4_network: id << 8, ipv4_prefix: 24, ingress: true, egress: true } as never);
  return made.id;
}

async function interfaceIn(tx: Transaction, uuid: string, network_id: number, mode: RowOf<'interface'>['mode'] = 'vif'): Promise<number> {
  const { id: interface_id } = await tx.insert('interface', { uuid: `if-${uuid}`, mode, enable_filtering: true } as never);
  const port_name = mode === 'simulated' ? null : uuid;
  await tx.insert('interface_port', { interface_id, datapath_id: null, port_name, singular: null, interface_mode: mode });
  const { id: mac_lease_id } = await tx.insert('mac_lease', { uuid: `ml-${uuid}`, interface_id, mac_address: interface_id, segment_id: null });
  await tx.insert('ip_lease', { uuid: `il-${uuid}`, interface_id, mac_lease_id, network_id, ipv4_address: interface_id, enable_routing: false });
  const { id: filter_id } = await tx.insert('filter', { uuid: `fil-${uuid}`, interface_id, mode: 'static' } as never);
  await tx.insert('filter_static', { filter_id, protocol: 'icmp', action: 'pass', ipv4_dst_prefix: 0 } as never);
  if (mode === 'simulated') {
    await tx.insert('translation', { uuid: `tr-${uuid}`, interface_id, mode: 'static_address' } as never);
    await tx.insert('network_service', { uuid: `ns-${uuid}`, interface_id, mode: 'dhcp' } as never);
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
      for (const uuid of ['rl-1', 'rl-2']) await tx.insert('route_link', { uuid, mac_address: 1 } as never);
      // Networks 1 and 2 are joined by a router, 3 is beyond 2, and 4 is of somebody else.
      for (const [id, router] of [[1, 1], [2, 1], [3, 2], [4, undefined]] as const) await network(tx, id, router);
      await tx.insert('route', { uuid: 'r-x', interface_id: 2, network_id: 2, route_link_id: 2, ipv4_network: 2 << 8, ipv4_prefix: 24, ingress: true, egress: true } as never);
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
});
void publishedKinds;
