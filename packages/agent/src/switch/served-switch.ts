import {
  Cache,
  Compiler,
  derivations,
  faultOfNobody,
  features,
  type ModelRelations,
  type PortFacts,
  portOf,
} from '@openvnet/compiler';
import type { Bound } from '@openvnet/model';
import type { SwitchConnection } from '@openvnet/openflow';
import type { Logger } from 'pino';
import { Neighbours } from '../answers/neighbours.ts';
import { logFaults } from './fault-log.ts';
import { compare, FlowSender, readFlows } from './flows.ts';
import { limitPacketIns, unlimitPacketIns } from './packet-in-limit.ts';
import { addPortMeters } from './port-meters.ts';

/** Flows that are computed before the next part of them is sent. */
const partSize = 500;
/** Waits between attempts after the switch has refused something, milliseconds: the first, and the most. */
const retryMs = { first: 200, most: 10_000 };

export interface ServedSwitchOptions {
  readonly datapathId: number;
  readonly dpid: string;
  readonly model: ModelRelations;
  readonly log: Logger;
  /** The revision that `model` is at. */
  readonly revision: () => number;
  /** Called when the switch has acknowledged more, and when there is something else to report. */
  readonly onChange: () => void;
}

/**
 * One switch that this agent makes behave as the model says. Flows are compiled whether or not it is connected; on each
 * connection they are compared with what the switch holds, and only the difference is sent.
 */
export class ServedSwitch {
  readonly dpid: string;
  readonly datapathId: number;
  readonly compiler: Compiler;
  /** Stations that the model does not know, and that routed packets have gone to. */
  readonly neighbours: Neighbours;
  /** What answers to packets have computed from the model. */
  readonly cache: Cache;
  /** Interfaces whose place has changed since the last report: where they are now, or undefined. */
  readonly movedInterfaces = new Map<number, Omit<Bound, 'link'> | undefined>();
  problem: string | null = null;
  /** The newest revision whose flows the switch has acknowledged. */
  revision: number | null = null;
  readonly #options: ServedSwitchOptions;
  #connection: SwitchConnection | undefined;
  /** What the switch holds, as far as it has been told; undefined while that has to be read back. */
  #installed: Map<string, string> | undefined;
  /** Something has happened since that may have changed it. */
  #unsure = false;
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
    this.cache = new Cache(options.datapathId, this.compiler.relations);
    this.compiler.watch('binding', (id, row) => {
      const place = row && {
        interface_id: id,
        datapath_id: this.datapathId,
        port_name: row.port_name,
        port_number: row.uplink ?? row.port,
      };
      this.movedInterfaces.set(id, place);
    });
  }

  get connection(): SwitchConnection | undefined {
    return this.#connection;
  }

  /** How many flows the switch has acknowledged; null while it is not known. */
  get flowCount(): number | null {
    return this.#unsure ? null : (this.#installed?.size ?? null);
  }

  /** Whether something is being changed in the switch, or about to be. */
  get busy(): boolean {
    return this.#running !== undefined;
  }

  /** Puts a port in, in place of the one with its number or name, or takes it out. */
  setPort(name: string, port: PortFacts | undefined): void {
    const { port: ports } = this.compiler.relations;
    for (const before of [...ports.where('name', name)]) if (before.id !== port?.id) ports.delete(before.id);
    const before = port && ports.get(port.id);
    if (port && (before?.name !== port.name || before.iface_id !== port.iface_id)) ports.set(portOf(port));
  }

  /** Uses `connection` from now on; undefined when there is none. What the switch holds is read anew. */
  use(connection: SwitchConnection | undefined): void {
    if (connection === this.#connection) return;
    this.#connection = connection;
    this.#unsure = true;
    if (connection) limitPacketIns(connection);
    else this.problem = null;
    this.touch();
  }

  /** Reads back what the switch holds and mends what differs: for when something else may have changed it. */
  check(): void {
    this.#unsure = true;
    this.touch();
  }

  /** Brings the switch up to date, soon; may be called as often as anything changes. */
  touch(): void {
    this.#again = true;
    clearTimeout(this.#retry);
    this.#retry = undefined;
    this.#running ??= new Promise<void>((resolve) => setImmediate(resolve)).then(() => this.#run());
  }

  /** Ends the service: takes every flow away again where `clear` says so, and lets go of the model. */
  async close(clear: boolean): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#retry);
    this.neighbours.close();
    await this.#running;
    this.cache.close();
    this.compiler.close();
    const connection = this.#connection;
    if (!clear || !connection) return;
    unlimitPacketIns(connection);
    const installed = await readFlows(connection);
    const sender = new FlowSender(connection);
    sender.push({ add: [], remove: [...installed.keys()] });
    await sender.end();
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
      // The next attempt reads back first what the switch holds.
      this.#unsure = true;
      if (this.#connection && !this.#closed) {
        this.problem = (error as Error).message;
        log.error({ datapath: this.dpid, err: error }, 'the switch did not take a change; it will be tried again');
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
    if (this.#unsure) this.#installed = undefined;
    this.#unsure = false;
    const known = this.#installed;
    if (!known) await this.#addMeters(connection);
    const installed = known ?? (await readFlows(connection));
    if (!known) this.neighbours.adopt(installed);
    const found = installed.size;
    const counts = await this.#bring(connection, installed, known === undefined);
    if (!known) {
      this.#installed = installed;
      log.info({ datapath: this.dpid, found, ...counts }, 'the switch holds what it should');
    }
    // While the switch was busy another connection may have taken its place; that one is compared next.
    if (connection === this.#connection) this.revision = compiled;
  }

  async #addMeters(connection: SwitchConnection): Promise<void> {
    if (!(await addPortMeters(connection)))
      this.#options.log.warn({ datapath: this.dpid }, 'no meters: a busy port may crowd out requests of others');
  }

  /**
   * Brings what has changed into the switch, or, where that is not known, all that differs. The switch takes in one part
   * while the next is computed; deletions come last. `installed` runs ahead of the switch until this resolves.
   */
  async #bring(
    connection: SwitchConnection,
    installed: Map<string, string>,
    all: boolean,
  ): Promise<{ added: number; removed: number }> {
    const { flows } = this.compiler;
    const sender = new FlowSender(connection);
    const gone = new Set<string>();
    let added = 0;
    for (let done = false; !done; ) {
      done = this.compiler.update(partSize);
      const touched = flows.takeTouched();
      const { add, remove } = compare(flows, installed, all && done ? undefined : touched);
      for (const { key, body } of add) installed.set(key, body);
      for (const key of remove) gone.add(key);
      added += add.length;
      sender.push({ add, remove: [] });
      if (!done) await new Promise((resolve) => setImmediate(resolve));
    }
    const remove = [...gone].filter((key) => flows.get(key) === undefined);
    for (const key of remove) installed.delete(key);
    sender.push({ add: [], remove });
    await sender.end();
    return { added, removed: remove.length };
  }
}
