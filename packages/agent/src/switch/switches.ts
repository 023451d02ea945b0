import { dirname } from 'node:path';
import type { BridgeReport } from '@openvnet/model';
import { keepDialing, listen, type SwitchConnection } from '@openvnet/openflow';
import { type BridgeState, Ovsdb, type PortState } from '@openvnet/ovsdb';
import type { Logger } from 'pino';
import { PacketIns } from '../answers/packet-ins.ts';
import type { Slice } from '../feed/slice.ts';
import { countFlows, countLearned, totalOf } from './flows.ts';
import { unregisteredHost } from './host-address.ts';
import { ServedSwitch } from './served-switch.ts';
import { hastenRevalidation, prepareBridge, releaseBridge, shieldHost } from './settings.ts';

/** How often the number of flows in a switch is compared with what it should be, milliseconds. */
const checkMs = 2000;
/** Open vSwitch applies what changes its flows a moment after the database says so. */
const settleMs = 300;

export interface SwitchesOptions {
  /** Where the database of Open vSwitch is: `unix:PATH` or `tcp:HOST:PORT`. */
  readonly ovsdb: string;
  /** Where switches may connect of themselves. */
  readonly openflow: { readonly host: string; readonly port: number };
  readonly node: string;
  readonly slice: Slice;
  readonly log: Logger;
  /** There is something new to report. */
  readonly onChange: () => void;
}

interface Service {
  readonly served: ServedSwitch;
  readonly bridge: string;
  readonly stop: AbortController;
  /** What the bridge's fail mode and controllers were when last seen. */
  settings: string;
  /** Flows that the switch counts and does not show. */
  hidden: number;
}

/** The switches of this host: finds them, connects to those that are registered, and keeps them served. */
export class Switches {
  readonly ovsdb: Ovsdb;
  readonly packetIns: PacketIns;
  readonly #options: SwitchesOptions;
  readonly #services = new Map<string, Service>();
  /** Every connection there is, by datapath id; a switch that is served uses the first. */
  readonly #connections = new Map<string, SwitchConnection[]>();
  readonly #ending = new Map<string, Promise<void>>();
  readonly #notes = new Map<string, Set<string>>();
  readonly #problems = new Map<string, string>();
  readonly #timers = new Set<NodeJS.Timeout>();
  #listener: AsyncDisposable | undefined;
  #closed = false;
  #looking: Promise<void> | undefined;

  constructor(options: SwitchesOptions) {
    this.#options = options;
    this.packetIns = new PacketIns(options.log);
    this.ovsdb = new Ovsdb({ target: options.ovsdb });
  }

  /** Starts to listen and to look; throws where the address cannot be listened on. */
  async start(): Promise<void> {
    const { openflow, log } = this.#options;
    this.#listener = await listen(openflow, (connection) => this.#accept(connection), {
      onRefused: (peer, reason) => log.warn({ peer, reason }, 'a switch was refused'),
    }).catch((cause: NodeJS.ErrnoException) => {
      const why = cause.code === 'EADDRINUSE' ? 'another program listens there already' : cause.message;
      throw new Error(`Cannot listen for switches at ${this.#listenText()}: ${why}.`, { cause });
    });
    const { ovsdb } = this;
    ovsdb.on('port', (bridge, name, state) => this.#portChanged(bridge, name, state));
    ovsdb.on('bridge', (name) => this.#bridgeChanged(name));
    ovsdb.on('change', () => this.#settle());
    ovsdb.on('up', () => {
      log.info({ ovsdb: this.#options.ovsdb, version: ovsdb.ovsVersion }, 'connected to Open vSwitch');
      this.#settle();
    });
    ovsdb.on('down', (reason) => {
      log.warn({ ovsdb: this.#options.ovsdb, reason }, 'Open vSwitch cannot be asked for its bridges; trying on');
      this.#options.onChange();
    });
    ovsdb.start();
    this.#timers.add(setInterval(() => this.#look(), checkMs));
  }

  /** Why the switches of the host cannot be seen; null when they can. */
  get problem(): string | null {
    return this.ovsdb.connected ? null : (this.ovsdb.reason ?? 'Open vSwitch has not answered yet');
  }

  served(): ServedSwitch[] {
    return [...this.#services.values()].map(({ served }) => served);
  }

  /** Name of the bridge with this datapath id, where it is served. */
  bridgeOf(dpid: string): string | undefined {
    return this.#services.get(dpid)?.bridge;
  }

  /** State of a port, by the interface's datapath and the port's name. */
  port(datapathId: number, name: string): PortState | undefined {
    const service = [...this.#services.values()].find(({ served }) => served.datapathId === datapathId);
    return service && this.ovsdb.bridges.get(service.bridge)?.ports.get(name);
  }

  /** Something in the model has changed: serves what is registered now, and brings every switch up to date. */
  update(): void {
    this.#settle();
    for (const { served } of this.#services.values()) served.touch();
  }

  /** All bridges of the host, and all switches that have connected. */
  report(): BridgeReport[] {
    const known = new Map<string, BridgeState>();
    for (const bridge of this.ovsdb.bridges.values())
      if (bridge.dpid !== undefined) known.set(hex(bridge.dpid), bridge);
    const all = new Set([...known.keys(), ...this.#connections.keys()]);
    return [...all].sort().map((dpid) => {
      const bridge = known.get(dpid);
      const served = this.#services.get(dpid)?.served;
      const lost = bridge && served && unregisteredHost(bridge.name, served.compiler.relations);
      const stranger = `connected to ${this.#listenText()}, but is no bridge of ${this.#options.ovsdb}: its ports are not known`;
      return {
        dpid,
        name: bridge?.name ?? '',
        connection: (served ? served.connection : this.#connections.get(dpid)?.[0])?.peer ?? null,
        problem: bridge ? (served?.problem ?? this.#problems.get(dpid) ?? null) : stranger,
        notes: [...(this.#notes.get(dpid) ?? []), ...(lost ? [lost] : [])],
        ports: bridge?.ports.size ?? 0,
        flows: served?.flowCount ?? null,
        revision: served?.revision ?? null,
      };
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const timer of this.#timers) clearTimeout(timer);
    this.packetIns.close();
    for (const { served, stop } of this.#services.values()) {
      stop.abort();
      await served.close(false);
    }
    await Promise.all([...this.#connections.values()].flat().map((connection) => connection.close()));
    await this.#listener?.[Symbol.asyncDispose]();
    await this.ovsdb[Symbol.asyncDispose]();
  }

  #listenText(): string {
    const { host, port } = this.#options.openflow;
    return `${host}:${port}`;
  }

  /** Starts and ends services so that they are those of the bridges that are here and registered. */
  #settle(): void {
    if (this.#closed || !this.#options.slice.position) return;
    for (const [dpid, { served, bridge }] of this.#services) {
      const state = this.ovsdb.bridges.get(bridge);
      const registered = this.#registered(dpid);
      if (!registered) this.#end(dpid, true);
      else if (
        registered !== served.datapathId ||
        (this.ovsdb.connected && (!state || state.dpid === undefined || hex(state.dpid) !== dpid))
      )
        this.#end(dpid, false);
    }
    for (const bridge of this.ovsdb.bridges.values()) {
      const dpid = bridge.dpid === undefined ? undefined : hex(bridge.dpid);
      if (dpid === undefined || this.#services.has(dpid)) continue;
      const datapathId = this.#registered(dpid);
      if (datapathId !== undefined) this.#begin(bridge, dpid, datapathId);
    }
    this.#options.onChange();
  }

  /** Id of the datapath that is registered with this datapath id; where several are, that of this node goes before others. */
  #registered(dpid: string): number | undefined {
    const rows = this.#options.slice.relations.datapath.where('dpid', dpid);
    return (rows.find(({ node_id }) => node_id === this.#options.node) ?? rows[0])?.id;
  }

  #begin(bridge: BridgeState, dpid: string, datapathId: number): void {
    const { slice, log, onChange } = this.#options;
    const served = new ServedSwitch({
      datapathId,
      dpid,
      model: slice.relations,
      log,
      revision: () => slice.revision,
      onChange,
    });
    const stop = new AbortController();
    this.#services.set(dpid, { served, bridge: bridge.name, stop, settings: settingsOf(bridge), hidden: 0 });
    for (const [name, state] of bridge.ports) this.#setPort(served, bridge, name, state);
    log.info({ datapath: dpid, bridge: bridge.name }, 'the bridge is registered; it is served from now on');
    this.#serve(bridge.name, dpid, served, stop.signal).catch((error: unknown) => {
      if (!stop.signal.aborted) log.error({ datapath: dpid, err: error }, 'the bridge could not be served');
    });
  }

  /** Prepares the bridge, then dials it for as long as it is served. */
  async #serve(name: string, dpid: string, served: ServedSwitch, signal: AbortSignal): Promise<void> {
    // Whoever served it before may still be at work on the same connection.
    await this.#ending.get(dpid);
    await this.#prepare(name, dpid);
    if (signal.aborted) return;
    served.use(this.#connections.get(dpid)?.[0]);
    const { ovsdb: target } = this.#options;
    // The management socket lies beside the database's; over TCP there is none, and the switch has to come by itself.
    if (!target.startsWith('unix:')) return;
    await keepDialing(`unix:${dirname(target.slice('unix:'.length))}/${name}.mgmt`, {
      signal,
      onSwitch: (connection) => this.#accept(connection),
      onDown: (reason) => !signal.aborted && this.#problem(dpid, reason.message),
    });
  }

  async #prepare(name: string, dpid: string): Promise<void> {
    const bridge = this.ovsdb.bridges.get(name);
    if (!bridge || !this.ovsdb.connected) return;
    try {
      const changes = await prepareBridge(this.ovsdb, bridge);
      const hastened = await hastenRevalidation(this.ovsdb);
      if (hastened !== undefined) changes.push(hastened);
      for (const change of changes) this.#options.log.info({ datapath: dpid, bridge: name }, change);
      const notes = this.#notes.get(dpid) ?? new Set();
      for (const change of changes) notes.add(change);
      this.#notes.set(dpid, notes);
    } catch (error) {
      this.#options.log.error({ datapath: dpid, err: error }, 'the settings of the bridge could not be changed');
    }
  }

  #end(dpid: string, clear: boolean): void {
    const { served, bridge, stop } = this.#services.get(dpid)!;
    const { log } = this.#options;
    this.#services.delete(dpid);
    const finish = async (): Promise<void> => {
      await served.close(clear);
      stop.abort();
      const state = this.ovsdb.bridges.get(bridge);
      if (clear && state && !this.#services.has(dpid)) await releaseBridge(this.ovsdb, state);
      this.#notes.delete(dpid);
      log.info(
        { datapath: dpid, bridge },
        clear
          ? 'the bridge is not registered any more; its flows were taken away'
          : 'the bridge is not served any more',
      );
    };
    const finished = finish().catch((error: unknown) =>
      log.error({ datapath: dpid, err: error }, 'the bridge could not be left as it was'),
    );
    this.#ending.set(dpid, finished);
    void finished.then(() => this.#ending.get(dpid) === finished && this.#ending.delete(dpid));
  }

  #accept(connection: SwitchConnection): void {
    const dpid = hex(connection.dpid);
    const { log } = this.#options;
    const all = this.#connections.get(dpid) ?? [];
    this.#connections.set(dpid, all);
    all.push(connection);
    log.info({ datapath: dpid, peer: connection.peer, used: all.length === 1 }, 'a switch is connected');
    connection.on('packetIn', (message) => {
      const served = this.#services.get(dpid)?.served;
      // A switch that is connected twice hands every packet over twice.
      if (served?.connection === connection) this.packetIns.handle(served, connection, message);
    });
    connection.on('error', (error) => log.warn({ datapath: dpid, err: error }, 'the switch said something unexpected'));
    void connection.closed.then(() => {
      all.splice(all.indexOf(connection), 1);
      if (all.length === 0) this.#connections.delete(dpid);
      const served = this.#services.get(dpid)?.served;
      if (served?.connection === connection) served.use(all[0]);
      if (!this.#closed) log.info({ datapath: dpid, peer: connection.peer }, 'a switch has gone');
      this.#options.onChange();
    });
    this.#problems.delete(dpid);
    const served = this.#services.get(dpid)?.served;
    if (served && !served.connection) served.use(connection);
    this.#options.onChange();
  }

  #problem(dpid: string, reason: string): void {
    if (this.#problems.get(dpid) === reason || this.#connections.has(dpid)) return;
    this.#problems.set(dpid, reason);
    this.#options.log.warn({ datapath: dpid, reason }, 'the switch cannot be reached; trying on');
    this.#options.onChange();
  }

  #portChanged(bridgeName: string, name: string, state: PortState | undefined): void {
    const bridge = this.ovsdb.bridges.get(bridgeName);
    const service = [...this.#services.values()].find((each) => each.bridge === bridgeName);
    if (!service) return;
    this.#setPort(service.served, bridge, name, state);
    service.served.touch();
  }

  #setPort(served: ServedSwitch, bridge: BridgeState | undefined, name: string, state: PortState | undefined): void {
    const known = state?.ofport !== undefined;
    served.setPort(name, known ? { id: state.ofport!, name, iface_id: state.ifaceId ?? null } : undefined);
    if (known && state.type === '' && bridge?.datapathType === 'netdev') shieldHost(name);
  }

  /** A controller that was set or taken away flushes the flows, and another fail mode would do so later. */
  #bridgeChanged(name: string): void {
    const service = [...this.#services.entries()].find(([, { bridge }]) => bridge === name);
    const state = this.ovsdb.bridges.get(name);
    if (!service || !state) return;
    const [dpid, entry] = service;
    const { served } = entry;
    if (entry.settings === settingsOf(state)) return;
    entry.settings = settingsOf(state);
    if (state.failMode !== 'secure') void this.#prepare(name, dpid).then(() => served.check());
    void served.check();
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      void served.check();
    }, settleMs);
    this.#timers.add(timer);
  }

  /** Looks whether somebody else has added or removed flows. */
  #look(): void {
    this.packetIns.forget();
    this.#looking ??= this.#checkCounts().finally(() => {
      this.#looking = undefined;
    });
  }

  async #checkCounts(): Promise<void> {
    for (const service of this.#services.values()) {
      const { served } = service;
      try {
        const excess = await excessOf(served);
        if (excess === undefined || excess === service.hidden) continue;
        this.#options.log.warn(
          { datapath: served.dpid, excess },
          'the number of flows is not what it should be; reading back',
        );
        await served.check();
        // What is still too many is not shown, and cannot be mended.
        service.hidden = Math.max((await excessOf(served)) ?? 0, 0);
      } catch (error) {
        this.#options.log.warn({ datapath: served.dpid, err: error }, 'the flows could not be counted');
      }
    }
  }
}

/** By how many flows a switch has more than it should; undefined while that is not known, or changes. */
async function excessOf(served: ServedSwitch): Promise<number | undefined> {
  const { connection, flowCount } = served;
  if (!connection || flowCount === null || served.busy) return undefined;
  const count = totalOf(await countFlows(connection)) - (await countLearned(connection));
  return served.busy || served.flowCount !== flowCount ? undefined : count - flowCount;
}

function settingsOf({ failMode, controllers }: BridgeState): string {
  return JSON.stringify([failMode, [...controllers].sort()]);
}

function hex(dpid: bigint): string {
  return dpid.toString(16).padStart(16, '0');
}
