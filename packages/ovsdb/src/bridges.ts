import { isDeepStrictEqual } from 'node:util';
import { elements, type Row, uuidOf } from './columns.ts';
import { Rows, type Touched } from './rows.ts';

/** An interface of a bridge; a bond has one for each of its members. A change gives a new object. */
export interface PortState {
  readonly name: string;
  /** OpenFlow number; `undefined` while the switch daemon has not assigned one, or could not. */
  readonly ofport: number | undefined;
  readonly type: string;
  /** Settings of the type: of a tunnel port, its remote end and key. */
  readonly options: ReadonlyMap<string, string>;
  readonly ifaceId: string | undefined;
  readonly linkState: 'up' | 'down' | undefined;
  /** Whether the interface is administratively up. */
  readonly adminState: 'up' | 'down' | undefined;
  /** Why the switch daemon could not set up the interface. */
  readonly error: string | undefined;
  /** The MAC address in use. */
  readonly mac: string | undefined;
  /** Whether a learning switch (`NORMAL`) would pass no frame from it or to it. */
  readonly isolated: boolean;
}

/** A bridge. A change gives a new object, but `ports` stays the same map and is kept up to date. */
export interface BridgeState {
  readonly name: string;
  readonly dpid: bigint | undefined;
  readonly failMode: 'secure' | 'standalone' | undefined;
  readonly datapathType: string;
  /** Targets, sorted. */
  readonly controllers: readonly string[];
  /** Controllers that the bridge is connected to, by target, with the time of the connection (`performance.now`, ms). */
  readonly connectedControllers: readonly { readonly target: string; readonly at: number }[];
  /** By name. */
  readonly ports: ReadonlyMap<string, PortState>;
  readonly externalIds: ReadonlyMap<string, string>;
  readonly otherConfig: ReadonlyMap<string, string>;
}

/** Differences from the previous state; `undefined` for a bridge or port that is gone. */
export type BridgeChange =
  | ['bridge', name: string, state: BridgeState | undefined]
  | ['port', bridge: string, name: string, state: PortState | undefined];

const steadyMs = 1500;

type Published = BridgeState & { readonly ports: Map<string, PortState> };

/**
 * Bridges and their ports by name, made from the monitored rows. Only rows that a batch touches are examined again, and only
 * a difference in name or content is a change: a restarted server with the same contents changes nothing.
 */
export class Bridges {
  #rows = new Rows();
  readonly #state = new Map<string, Published>();
  /** The users of each row, and the row of each name. */
  readonly #bridgeOfPort = new Map<string, string>();
  readonly #portOfInterface = new Map<string, string>();
  readonly #bridgeByName = new Map<string, string>();
  readonly #interfaceByName = new Map<string, string>();
  /** The bridge under which a port was last shown. */
  readonly #shownUnder = new Map<string, string>();
  /** When each controller connected, by row. Only rows that were written after the initial contents are known. */
  readonly #connectedAt = new Map<string, number>();
  readonly #touchedBridges = new Set<string>();
  readonly #touchedPorts = new Set<string>();

  get state(): ReadonlyMap<string, BridgeState> {
    return this.#state;
  }

  get global(): Row<'Open_vSwitch'> | undefined {
    return this.#rows.tables.Open_vSwitch.values().next().value;
  }

  /** The rows of the ports of a bridge that are isolated, or are not. */
  portRows(bridge: string, isolated: boolean): string[] {
    const { Bridge, Port } = this.#rows.tables;
    const ports = Bridge.get(this.#bridgeByName.get(bridge) ?? '')?.ports ?? [];
    return [...ports].filter((uuid) => {
      const row = Port.get(uuid);
      return row !== undefined && isIsolated(row) === isolated;
    });
  }

  /**
   * Replaces everything with `contents`. A restarted server has lost columns that it does not store, such as
   * the datapath id; they keep their values until the switch daemon writes them again. Throws `OvsdbError` if `contents` cannot be
   * read; `state` is then as before.
   */
  replace(contents: unknown): BridgeChange[] {
    for (const index of [this.#bridgeOfPort, this.#portOfInterface, this.#bridgeByName, this.#interfaceByName]) {
      index.clear();
    }
    // The state of connections in the initial contents may be old.
    this.#connectedAt.clear();
    for (const name of this.#state.keys()) this.#touchedBridges.add(name);
    for (const name of this.#shownUnder.keys()) this.#touchedPorts.add(name);
    const last = this.#rows;
    this.#rows = new Rows();
    try {
      this.#rows.apply(contents, (touched) => this.#touch(touched), last);
    } catch (error) {
      this.#rows = last;
      throw error;
    }
    return this.#publish();
  }

  /** Applies a batch of `update2`. Throws `OvsdbError` if it cannot be read; only `replace` helps then. */
  update(updates: unknown): BridgeChange[] {
    this.#rows.apply(updates, (touched) => {
      if (touched.table === 'Controller') this.#noteConnection(touched);
      this.#touch(touched);
    });
    return this.#publish();
  }

  #touch(touched: Touched): void {
    const { table, uuid, row, gone } = touched;
    if (table === 'Bridge') {
      index(this.#bridgeByName, row.name, uuid, gone);
      this.#touchedBridges.add(row.name);
      for (const port of moved(touched.difference, 'ports', row.ports)) {
        index(this.#bridgeOfPort, port, uuid, gone || !row.ports.has(port));
        for (const one of this.#rows.tables.Port.get(port)?.interfaces ?? []) this.#touchInterface(one);
      }
    } else if (table === 'Port') {
      for (const one of moved(touched.difference, 'interfaces', row.interfaces)) {
        index(this.#portOfInterface, one, uuid, gone || !row.interfaces.has(one));
        this.#touchInterface(one);
      }
      if (touched.difference) for (const one of row.interfaces) this.#touchInterface(one);
    } else if (table === 'Interface') {
      index(this.#interfaceByName, row.name, uuid, gone);
      this.#touchedPorts.add(row.name);
    } else if (table === 'Controller') {
      for (const { name, controller } of this.#rows.tables.Bridge.values()) {
        if (controller.has(uuid)) this.#touchedBridges.add(name);
      }
    }
  }

  /** The switch daemon reports the age of a connection in whole seconds, so a difference of one second is ignored. */
  #noteConnection({ uuid, row, gone }: Touched & { readonly table: 'Controller' }): void {
    const seconds = Number(row.status.get('sec_since_connect'));
    if (gone || !row.is_connected || !Number.isFinite(seconds)) {
      this.#connectedAt.delete(uuid);
      return;
    }
    const at = performance.now() - seconds * 1000;
    const before = this.#connectedAt.get(uuid);
    if (before === undefined || Math.abs(at - before) > steadyMs) this.#connectedAt.set(uuid, at);
  }

  /** A row that does not exist yet, or no longer, is touched by its own update. */
  #touchInterface(uuid: string): void {
    const row = this.#rows.tables.Interface.get(uuid);
    if (row !== undefined) this.#touchedPorts.add(row.name);
  }

  /** Makes the state equal to the rows: bridges appear before their ports, and vanish after them. */
  #publish(): BridgeChange[] {
    const changes: BridgeChange[] = [];
    const vanished: string[] = [];
    for (const name of this.#touchedBridges) {
      const row = this.#rows.tables.Bridge.get(this.#bridgeByName.get(name) ?? '');
      const shown = this.#state.get(name);
      if (row === undefined) {
        if (shown !== undefined) vanished.push(name);
        continue;
      }
      const now = this.#bridgeState(row, shown?.ports ?? new Map());
      if (isDeepStrictEqual(shown, now)) continue;
      this.#state.set(name, now);
      changes.push(['bridge', name, now]);
    }
    for (const name of this.#touchedPorts) this.#publishPort(name, changes);
    for (const name of vanished) {
      this.#state.delete(name);
      changes.push(['bridge', name, undefined]);
    }
    this.#touchedBridges.clear();
    this.#touchedPorts.clear();
    return changes;
  }

  #publishPort(name: string, changes: BridgeChange[]): void {
    const uuid = this.#interfaceByName.get(name) ?? '';
    const row = this.#rows.tables.Interface.get(uuid);
    const port = this.#portOfInterface.get(uuid) ?? '';
    const holder = this.#rows.tables.Port.get(port);
    const bridge = row && this.#rows.tables.Bridge.get(this.#bridgeOfPort.get(port) ?? '')?.name;
    const before = this.#shownUnder.get(name);
    if (before !== undefined && before !== bridge) {
      this.#state.get(before)?.ports.delete(name);
      this.#shownUnder.delete(name);
      changes.push(['port', before, name, undefined]);
    }
    if (row === undefined || holder === undefined || bridge === undefined) return;
    const ports = this.#state.get(bridge)!.ports;
    const now = portState(row, holder);
    if (isDeepStrictEqual(ports.get(name), now)) return;
    ports.set(name, now);
    this.#shownUnder.set(name, bridge);
    changes.push(['port', bridge, name, now]);
  }

  #bridgeState(row: Row<'Bridge'>, ports: Map<string, PortState>): Published {
    const controllers = [...row.controller].flatMap((uuid) => {
      const found = this.#rows.tables.Controller.get(uuid);
      return found ? [{ target: found.target, at: this.#connectedAt.get(uuid) }] : [];
    });
    return {
      name: row.name,
      dpid: /^[0-9a-f]{1,16}$/i.test(row.datapath_id ?? '') ? BigInt(`0x${row.datapath_id}`) : undefined,
      failMode: oneOf(['secure', 'standalone'], row.fail_mode),
      datapathType: row.datapath_type,
      controllers: controllers.map(({ target }) => target).sort(),
      connectedControllers: controllers.flatMap(({ target, at }) => (at === undefined ? [] : [{ target, at }])),
      ports,
      externalIds: row.external_ids,
      otherConfig: row.other_config,
    };
  }
}

/** The VLAN that no station can be in. IEEE 802.1Q-2022, table 9-2. */
const reservedVlan = 4095;

/** What isolates a port: it takes part in no VLAN but the reserved one, and untagged frames are in another. */
export const isolation = { vlan_mode: 'trunk', trunks: [reservedVlan] };

function isIsolated({ vlan_mode, trunks }: Row<'Port'>): boolean {
  return vlan_mode === isolation.vlan_mode && trunks.size === 1 && trunks.has(reservedVlan);
}

function portState(row: Row<'Interface'>, holder: Row<'Port'>): PortState {
  return {
    name: row.name,
    ofport: row.ofport !== undefined && row.ofport >= 0 ? row.ofport : undefined,
    type: row.type,
    options: row.options,
    ifaceId: row.external_ids.get('iface-id'),
    linkState: oneOf(['up', 'down'], row.link_state),
    adminState: oneOf(['up', 'down'], row.admin_state),
    error: row.error,
    mac: row.mac_in_use,
    isolated: isIsolated(holder),
  };
}

/** The references that an update changed: all of a row that is new or gone, otherwise those in the difference. */
function moved(difference: Touched['difference'], column: string, all: ReadonlySet<string>): Iterable<string> {
  if (difference === undefined) return all;
  return column in difference ? elements(difference[column]).map(uuidOf) : [];
}

/** In a batch, the new user of a name or row may come before the removal of the old one, so only its own entry is deleted. */
function index(map: Map<string, string>, key: string, uuid: string, gone: boolean): void {
  if (!gone) map.set(key, uuid);
  else if (map.get(key) === uuid) map.delete(key);
}

function oneOf<const T extends string>(values: readonly T[], value: string | undefined): T | undefined {
  return values.find((known) => known === value);
}
