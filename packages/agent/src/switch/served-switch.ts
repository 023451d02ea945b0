import {
  Cache,
  Compiler,
  derivations,
  faultOfNobody,
  features,
  type ModelRelations,
  type PortFacts,
  portOf,
  standsBy,
} from '@openvnet/compiler';
import type { Encapsulation } from '@openvnet/model';
import { type SwitchConnection, SwitchError } from '@openvnet/openflow';
import { noteWork } from '@openvnet/settings';
import type { Logger } from 'pino';
import { Neighbours } from '../answers/neighbours.ts';
import { Notices } from '../answers/notices.ts';
import { Arrivals } from './arrivals.ts';
import { logFaults } from './fault-log.ts';
import { compare, FlowSender, shareStrings, strays } from './flows.ts';
import { InstalledFlows } from './installed.ts';
import { mendMeters } from './meters.ts';
import { SelfChecks, type SelfCheckTimes } from './self-checks.ts';

/** Number of flows that are computed before they are sent. */
const partSize = 500;
/** Delay before a retry after a refusal, in milliseconds: first and maximum. */
const retryMs = { first: 200, most: 10_000 };

export interface ServedSwitchOptions {
  readonly datapathId: number;
  readonly dpid: string;
  readonly model: ModelRelations;
  readonly log: Logger;
  /** The revision that `model` is at. */
  readonly revision: () => number;
  /** Called when the switch has acknowledged a revision, and when there is something else to report. */
  readonly onChange: () => void;
  readonly selfCheckTimes?: SelfCheckTimes;
}

/** Changes by other programs: number, kinds, and time of the last one. */
export interface Tampered {
  readonly changes: number;
  readonly what: readonly string[];
  readonly at: Date;
}

/**
 * One switch that is programmed according to the model. Flows are compiled even while the switch is not connected; on each
 * connection they are compared with the installed flows, and only the difference is sent.
 */
export class ServedSwitch {
  readonly dpid: string;
  readonly datapathId: number;
  readonly compiler: Compiler;
  /** Stations outside the model that receive routed packets. */
  readonly neighbours: Neighbours;
  /** Cached results that handlers of packets computed from the model. */
  readonly cache: Cache;
  readonly selfChecks: SelfChecks;
  /** Failed actions of guests. */
  readonly notices = new Notices();
  /** Guests that have been heard here while their interfaces were on other hosts. */
  readonly arrivals: Arrivals;
  /** Interfaces whose location or port state has changed since the last report. */
  readonly changedInterfaces = new Set<number>();
  problem: string | null = null;
  /** The newest revision whose flows the switch has acknowledged. */
  revision: number | null = null;
  /** Reverted changes by other programs; null if there were none. */
  tampered: Tampered | null = null;
  /** Whether the switch has flow monitors; null while that is unknown. */
  monitored: boolean | null = null;
  readonly #options: ServedSwitchOptions;
  #connection: SwitchConnection | undefined;
  readonly #installed: InstalledFlows;
  /** The flows may have changed since they were read. */
  #unsure = false;
  /** Whether the switch has meters; it refuses a flow whose meter it has not. */
  #metered = true;
  /** A table that is to be compared with what is known of it. */
  #compare: number | undefined;
  /** Removes the handlers from the connection in use. */
  #unhear: (() => void)[] = [];
  #running: Promise<void> | undefined;
  #again = false;
  #closed = false;
  #retry: NodeJS.Timeout | undefined;
  #retryMs = retryMs.first;

  constructor(options: ServedSwitchOptions) {
    this.#options = options;
    this.dpid = options.dpid;
    this.datapathId = options.datapathId;
    this.compiler = new Compiler(options.datapathId, options.model, derivations, features);
    this.neighbours = new Neighbours(
      this.compiler,
      () => this.#connection,
      () => this.touch(),
    );
    this.#installed = new InstalledFlows(this.compiler.relations);
    this.cache = new Cache(options.datapathId, this.compiler.relations);
    this.selfChecks = new SelfChecks({
      compiler: this.compiler,
      datapath: options.dpid,
      log: options.log,
      onEnd: (mended) => (mended ? this.touch() : options.onChange()),
      ...(options.selfCheckTimes && { times: options.selfCheckTimes }),
    });
    this.arrivals = new Arrivals(options.datapathId, this.compiler);
    this.compiler.watch('binding', (id, row) => {
      this.changedInterfaces.add(id);
      if (row) return;
      this.notices.drop(id);
      this.arrivals.drop(id);
    });
  }

  get connection(): SwitchConnection | undefined {
    return this.#connection;
  }

  /** The number of acknowledged flows; null while it is unknown. */
  get flowCount(): number | null {
    return this.#unsure ? null : (this.#installed.flows?.size ?? null);
  }

  /** Whether a change of the switch is in progress or scheduled. */
  get busy(): boolean {
    return this.#running !== undefined;
  }

  /** Adds a port, replacing one with the same number or name, or removes it. */
  setPort(name: string, port: PortFacts | undefined): void {
    const { port: ports } = this.compiler.relations;
    for (const before of [...ports.where('name', name)]) if (before.id !== port?.id) ports.delete(before.id);
    const before = port && ports.get(port.id);
    if (port && (before?.name !== port.name || before.iface_id !== port.iface_id))
      ports.set(portOf(port, this.#metered));
  }

  /** The tunnel port of an encapsulation has this number; undefined if there is none. */
  setTunnel(encapsulation: Encapsulation, id: number | undefined): void {
    const { tunnel } = this.compiler.relations;
    for (const before of [...tunnel.where('encapsulation', encapsulation)])
      if (before.id !== id) tunnel.delete(before.id);
    if (id !== undefined && !tunnel.get(id)) tunnel.set({ id, encapsulation });
  }

  /** Called when the state of a port, such as its link, has changed: its interfaces are reported again. */
  portStateChanged(port: number): void {
    const { binding } = this.compiler.relations;
    const there = binding.where('port', port);
    const found = there.length > 0 ? there : [...binding.rows()].filter(({ uplink }) => uplink === port);
    for (const { id } of found) this.changedInterfaces.add(id);
  }

  /** The guest of an interface has been heard here: says whether the switch takes what it sends from now on. */
  async arrived(interfaceId: number): Promise<boolean> {
    if (this.arrivals.add(interfaceId)) {
      this.touch();
      this.#options.onChange();
    }
    await this.idle();
    return this.problem === null && !standsBy(this.cache.view, interfaceId);
  }

  /** Switches to `connection`, or to none if undefined. The installed flows are read again. */
  use(connection: SwitchConnection | undefined): void {
    if (connection === this.#connection) return;
    for (const end of this.#unhear.splice(0)) end();
    this.#connection = connection;
    this.#unsure = true;
    this.monitored = null;
    this.#installed.forget();
    if (connection) {
      this.#unhear = [
        connection.on('flowUpdates', (updates) => this.#installed.hear(updates) && this.touch()),
        connection.on('flowMonitorResumed', () => this.check()),
      ];
    } else this.problem = null;
    this.touch();
  }

  /** Reads back the installed flows and reverts differences, after a possible change by another program. */
  check(): void {
    this.#unsure = true;
    this.touch();
  }

  /** Compares one table with its known flows, and reverts differences. */
  compareTable(table: number): void {
    this.#compare = table;
    this.touch();
  }

  /** Notes that another program has changed something in the switch. */
  noteTampering(what: string, changes: number): void {
    const { changes: before = 0, what: known = [] } = this.tampered ?? {};
    this.tampered = { changes: before + changes, what: [...new Set([...known, what])].sort(), at: new Date() };
    this.#options.onChange();
  }

  /** Resolves when nothing is being changed in the switch. */
  async idle(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
  }

  /** Schedules an update of the switch; may be called for every change. */
  touch(): void {
    this.#again = true;
    clearTimeout(this.#retry);
    this.#retry = undefined;
    this.#running ??= new Promise<void>((resolve) => setImmediate(resolve)).then(() => this.#run());
  }

  /** Ends the service and releases the model; the switch is left unchanged. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#retry);
    this.neighbours.close();
    this.arrivals[Symbol.dispose]();
    this.selfChecks.close();
    await this.#running;
    this.cache.close();
    this.compiler.close();
    for (const end of this.#unhear.splice(0)) end();
  }

  async #run(): Promise<void> {
    const { log, onChange } = this.#options;
    try {
      while (this.#again && !this.#closed) {
        this.#again = false;
        await this.#update();
      }
      this.problem = faultOfNobody(this.compiler) ?? null;
      this.#retryMs = retryMs.first;
    } catch (error) {
      // The next attempt first reads back the installed flows.
      this.#unsure = true;
      if (this.#connection && !this.#closed) {
        this.problem = (error as Error).message;
        log.error({ datapath: this.dpid, err: error }, 'the switch refused a change, which will be retried');
        this.#retry = setTimeout(() => this.touch(), this.#retryMs);
        this.#retryMs = Math.min(this.#retryMs * 2, retryMs.most);
      }
    } finally {
      this.#running = undefined;
      logFaults(this.compiler, log, this.dpid);
      if (!this.#closed) {
        onChange();
        if (this.#again && this.#retry === undefined) this.touch();
      }
    }
  }

  async #update(): Promise<void> {
    const { log, revision } = this.#options;
    const compiled = revision();
    const connection = this.#connection;
    if (!connection) {
      this.compiler.update();
      return;
    }
    const known = this.#unsure ? undefined : this.#installed.flows;
    this.#unsure = false;
    if (!known) {
      await this.#mendMeters(connection);
      if (this.monitored === null) {
        const monitored = await this.#monitor(connection);
        if (connection === this.#connection) this.monitored = monitored;
      }
    }
    const installed = known ?? (await this.#installed.read(connection));
    if (!known) this.neighbours.adopt(installed);
    const found = installed.size;
    const foreign = await this.#foreignChanges(connection);
    const counts = await this.#bring(connection, installed, known ? foreign : undefined);
    if (!known) log.info({ datapath: this.dpid, found, ...counts }, 'the flows of the switch are up to date');
    // Meanwhile another connection may have replaced this one; it is compared next.
    if (connection === this.#connection) this.revision = compiled;
  }

  /** The keys of flows that differ from what this agent installed. */
  async #foreignChanges(connection: SwitchConnection): Promise<ReadonlySet<string>> {
    const table = this.#compare;
    this.#compare = undefined;
    const differing = table === undefined ? [] : await this.#installed.readTable(connection, table);
    const { keys, meterGone } = this.#installed.takeIn();
    if (meterGone) await this.#mendMeters(connection);
    const { flows } = this.compiler;
    const installed = this.#installed.flows;
    const all = new Set([...differing, ...keys].filter((key) => flows.get(key) !== installed?.get(key)));
    if (all.size > 0) this.noteTampering('flows', all.size);
    return all;
  }

  /** Meters missing in a new switch are not a change by another program. */
  async #mendMeters(connection: SwitchConnection): Promise<void> {
    const mended = await mendMeters(connection);
    if (this.monitored !== null && mended) this.noteTampering('meters', mended);
    this.#noteMetered(mended !== undefined);
    if (this.monitored === null && mended === undefined)
      this.#options.log.warn(
        { datapath: this.dpid },
        'the datapath has no meters: a busy port may starve the requests of others',
      );
  }

  #noteMetered(metered: boolean): void {
    if (metered === this.#metered) return;
    this.#metered = metered;
    const { port: ports } = this.compiler.relations;
    for (const port of [...ports.rows()]) ports.set({ ...port, metered });
  }

  /** Has the switch tell of the flows that other programs change; says whether it can. */
  async #monitor(connection: SwitchConnection): Promise<boolean> {
    try {
      await connection.monitorFlows();
      return true;
    } catch (error) {
      if (!(error instanceof SwitchError)) throw error;
      this.#options.log.warn(
        { datapath: this.dpid, err: error },
        'the switch has no flow monitors: changes by other programs are found only by counting flows and comparing tables',
      );
      return false;
    }
  }

  /**
   * Sends changed flows to the switch and reverts changes by other programs; if the installed flows are unknown, sends all
   * differences. The switch applies one part while the next is computed; deletions come last. `installed` is ahead of the
   * switch until this resolves.
   */
  async #bring(
    connection: SwitchConnection,
    installed: Map<string, string>,
    foreign: ReadonlySet<string> | undefined,
  ): Promise<{ added: number; removed: number }> {
    const { flows } = this.compiler;
    const sender = new FlowSender(connection);
    const gone = new Set<string>();
    const readBack = !foreign && installed.size > 0;
    // Where all flows are new, each is compared as it is computed.
    const isNew = flows.untaken;
    const last = (touched: Iterable<string>): Iterable<string> => {
      if (foreign) return foreign.size > 0 ? [...touched, ...foreign] : touched;
      return isNew ? touched : flows.keys();
    };
    let added = 0;
    for (let done = false; !done; ) {
      done = this.compiler.update(partSize);
      const touched = flows.takeTouched();
      const { add, remove } = compare(flows, installed, done ? last(touched) : touched);
      for (const { key, body } of add) installed.set(key, body);
      for (const key of remove) gone.add(key);
      added += add.length;
      sender.push({ add, remove: [] });
      if (!done) await new Promise((resolve) => setImmediate(resolve));
    }
    if (readBack) {
      for (const key of strays(flows, installed)) gone.add(key);
      shareStrings(flows, installed);
    }
    const remove = [...gone].filter((key) => flows.get(key) === undefined);
    for (const key of remove) installed.delete(key);
    sender.push({ add: [], remove });
    await sender.end();
    noteWork(added + remove.length);
    return { added, removed: remove.length };
  }
}
