import { tunnelsWanted } from '@openvnet/compiler';
import type { BridgeReport, PortsAnswer } from '@openvnet/model';
import { type BridgeState, Ovsdb, type PortState } from '@openvnet/ovsdb';
import type { Logger } from 'pino';
import { PacketIns } from '../answers/packet-ins.ts';
import type { Slice } from '../feed/slice.ts';
import { BridgeService } from './bridge-service.ts';
import { closeBridge, openBridge } from './closing.ts';
import { Connections } from './connections.ts';
import { bridgesByDpid, registeredAs } from './discovery.ts';
import { portObstacles } from './port-obstacles.ts';
import { bridgeReports } from './report.ts';
import { ServedSwitch } from './served-switch.ts';
import { isTaken, servedFrom } from './settings.ts';
import { startOpenVswitch } from './start-open-vswitch.ts';
import { TamperingChecks } from './tampering.ts';
import { tunnelAt } from './tunnel-ports.ts';

/** Interval of checks for changes by other programs, in milliseconds. */
const checkMs = 1500;

/** Limit of ports without an interface that are named in an answer. */
const mostSpare = 50;

export interface SwitchesOptions {
  /** Where the database of Open vSwitch is: `unix:PATH` or `tcp:HOST:PORT`. */
  readonly ovsdb: string;
  /** Where switches may connect by themselves. */
  readonly openflow: { readonly host: string; readonly port: number };
  readonly node: string;
  readonly slice: Slice;
  readonly log: Logger;
  /** Called when there is something new to report. */
  readonly onChange: () => void;
}

/** The switches of this host. Starts and ends the service of each bridge as it appears, is registered, or goes. */
export class Switches {
  readonly ovsdb: Ovsdb;
  readonly packetIns: PacketIns;
  /** How many changes of bridges and ports were seen. */
  portChanges = 0;
  readonly #options: SwitchesOptions;
  readonly #connections: Connections;
  readonly #tampering: TamperingChecks;
  /** By datapath id. */
  readonly #services = new Map<string, BridgeService>();
  /** Pending work on bridges that are no longer served, by datapath id. */
  readonly #leaving = new Map<string, Promise<void>>();
  /** Bridges that are to be closed and could not be yet, with the reason. */
  readonly #unclosed = new Map<string, string>();
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: SwitchesOptions) {
    const { log, openflow, onChange } = options;
    this.#options = options;
    this.packetIns = new PacketIns(log);
    const onFault = (err: unknown): void => log.error({ err }, 'a change of a bridge or port could not be processed');
    this.ovsdb = new Ovsdb({ target: options.ovsdb, onFault });
    this.#tampering = new TamperingChecks(log);
    this.#connections = new Connections({
      openflow,
      log,
      onConnection: (dpid, connection) => {
        connection.on('packetIn', (message) => {
          const served = this.#services.get(dpid)?.served;
          // A switch with two connections punts every packet twice.
          if (served?.connection === connection) this.packetIns.handle(served, connection, message);
        });
        this.#services.get(dpid)?.choose();
        onChange();
      },
      onChange,
      onGone: (dpid, connection) => {
        this.#services.get(dpid)?.disconnected(connection);
        onChange();
      },
    });
  }

  /** Starts listening and watching the database. */
  async start(): Promise<void> {
    const { ovsdb: target, log, onChange } = this.#options;
    await this.#connections.listen();
    const { ovsdb } = this;
    ovsdb.on('port', (bridge, name, state) => {
      this.portChanges++;
      this.#serviceOf(bridge)?.portChanged(name, state);
    });
    ovsdb.on('bridge', (name, state) => {
      this.portChanges++;
      if (state) this.#serviceOf(name)?.bridgeChanged(state);
    });
    ovsdb.on('change', () => this.#settle());
    ovsdb.on('up', () => {
      log.info({ ovsdb: target, version: ovsdb.ovsVersion }, 'connected to Open vSwitch');
      this.#settle();
    });
    ovsdb.on('down', (reason) => {
      log.warn({ ovsdb: target, reason }, 'the database of Open vSwitch cannot be reached; retrying');
      onChange();
    });
    ovsdb.start();
    this.#timer = setInterval(() => {
      this.packetIns.forget();
      this.#tampering.look(this.served());
      this.#closeOthers();
    }, checkMs);
  }

  /** Why the switches of the host are not visible; null if they are. */
  get problem(): string | null {
    if (this.ovsdb.connected) return null;
    const { reason } = this.ovsdb;
    if (reason === undefined) return 'Open vSwitch has not answered yet';
    const what =
      'the database of Open vSwitch (ovsdb-server) does not answer, so changes of bridges and ports are not seen';
    return `${what}: ${reason}. Use: ${startOpenVswitch()}`;
  }

  served(): ServedSwitch[] {
    return [...this.#services.values()].map(({ served }) => served);
  }

  /** Name of the served bridge with this datapath id. */
  bridgeOf(dpid: string): string | undefined {
    return this.#services.get(dpid)?.bridge;
  }

  /** State of a port, by the interface's datapath and the port's name. */
  port(datapathId: number, name: string): PortState | undefined {
    const service = [...this.#services.values()].find(({ served }) => served.datapathId === datapathId);
    return service && this.ovsdb.bridges.get(service.bridge)?.ports.get(name);
  }

  /** Problems at the port of an interface, as sentences. */
  obstacles({ compiler, datapathId, dpid }: ServedSwitch, interfaceId: number): string[] {
    const { port_name: name } = compiler.relations.binding.get(interfaceId) ?? {};
    const state = name ? this.port(datapathId, name) : undefined;
    if (!state) return [];
    const { datapath } = compiler.relations;
    return portObstacles(datapath.get(datapathId)?.uuid ?? dpid, state);
  }

  /** For every bridge: which of the ports it has, and some ports without an interface. */
  portsNamed(names: ReadonlySet<string>): PortsAnswer {
    return [...bridgesByDpid(this.ovsdb)].map(([dpid, bridge]) => {
      const ports = [...bridge.ports.values()];
      const bound = this.#services.get(dpid)?.served.compiler.relations.binding;
      const isSpare = ({ name, ofport, type }: PortState): boolean =>
        name !== bridge.name &&
        !tunnelAt({ name, type }) &&
        (ofport === undefined || !bound || bound.where('port', ofport).length === 0);
      const found = ports.filter(
        ({ name, ifaceId }) => names.has(name) || (ifaceId !== undefined && names.has(ifaceId)),
      );
      return {
        dpid,
        name: bridge.name,
        found: found.map(({ name, ifaceId, error }) => ({
          name: names.has(name) ? name : ifaceId!,
          error: error ?? null,
        })),
        spare: ports
          .filter(isSpare)
          .slice(0, mostSpare)
          .map(({ name }) => name),
      };
    });
  }

  /** Called after a change of the model: serves the bridges that are registered now, and updates every switch. */
  update(): void {
    this.#settle();
    for (const service of this.#services.values()) service.modelChanged();
  }

  /**
   * Opens a bridge that is not registered: it has the settings again that it had before it was served. Says what it does
   * now; undefined if it is no bridge of this host, or was never taken.
   */
  async release(dpid: string): Promise<string | undefined> {
    await this.#leaving.get(dpid);
    const bridge = bridgesByDpid(this.ovsdb).get(dpid);
    if (!bridge || !isTaken(bridge) || this.#isRegistered(dpid)) return undefined;
    const where = { target: this.#options.ovsdb, connection: this.#connections.chosen(dpid, bridge) };
    const said = await openBridge(this.ovsdb, bridge, where);
    this.#options.log.warn({ datapath: dpid, bridge: bridge.name }, said);
    this.#options.onChange();
    return said;
  }

  /** All bridges of the host, and all switches that have connected. */
  report(): BridgeReport[] {
    return bridgeReports({
      bridges: bridgesByDpid(this.ovsdb),
      services: this.#services,
      connections: this.#connections,
      unclosed: this.#unclosed,
      target: this.#options.ovsdb,
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#timer);
    this.packetIns.close();
    for (const service of this.#services.values()) await service.close();
    await this.#connections.close();
    await this.ovsdb[Symbol.asyncDispose]();
  }

  #serviceOf(bridge: string): BridgeService | undefined {
    return [...this.#services.values()].find((each) => each.bridge === bridge);
  }

  /** Starts and ends services to match the registered bridges of this host; closes the others. */
  #settle(): void {
    const { slice, node, onChange } = this.#options;
    if (this.#closed) return;
    // Also before there is a copy: the manager waits to hear of the switches before it sends a slice.
    onChange();
    if (!slice.position) return;
    const bridges = bridgesByDpid(this.ovsdb);
    for (const [dpid, service] of this.#services) {
      const registered = registeredAs(slice, node, dpid);
      const here = !this.ovsdb.connected || bridges.get(dpid)?.name === service.bridge;
      if (registered !== service.served.datapathId || !here) this.#end(dpid, service);
    }
    for (const [dpid, bridge] of bridges) {
      const datapathId = registeredAs(slice, node, dpid);
      if (datapathId !== undefined && !this.#services.has(dpid)) this.#begin(dpid, bridge, datapathId);
    }
    this.#closeOthers();
  }

  #begin(dpid: string, bridge: BridgeState, datapathId: number): void {
    const { slice, ovsdb: target, log, onChange } = this.#options;
    const revision = (): number => slice.revision;
    const served = new ServedSwitch({ datapathId, dpid, model: slice.relations, log, revision, onChange });
    const service = new BridgeService({
      target,
      ovsdb: this.ovsdb,
      connections: this.#connections,
      bridge,
      served,
      store: () => slice.position!.store,
      tunnelsWanted: () => tunnelsWanted(slice.relations, datapathId, slice),
      log,
      onChange,
      after: this.#leaving.get(dpid),
    });
    this.#services.set(dpid, service);
  }

  #end(dpid: string, service: BridgeService): void {
    this.#services.delete(dpid);
    this.#leave(dpid, service.end());
  }

  /** Closes bridges that were served from this store at any time, by any agent, and are no longer registered. */
  #closeOthers(): void {
    const { slice } = this.#options;
    if (this.#closed || !slice.position || !this.ovsdb.connected) return;
    for (const [dpid, bridge] of bridgesByDpid(this.ovsdb)) {
      const forgotten = servedFrom(bridge) === slice.position.store && !this.#isRegistered(dpid);
      if (forgotten && !this.#leaving.has(dpid)) this.#leave(dpid, this.#close(dpid, bridge));
      else if (!forgotten) this.#unclosed.delete(dpid);
    }
  }

  async #close(dpid: string, bridge: BridgeState): Promise<void> {
    const { ovsdb: target, log, onChange } = this.#options;
    const told = { datapath: dpid, bridge: bridge.name };
    try {
      await closeBridge(this.ovsdb, bridge, { target, connection: this.#connections.chosen(dpid, bridge) });
      log.warn(told, 'the bridge is no longer registered: its flows were deleted, and it forwards nothing');
    } catch (error) {
      const reason = (error as Error).message;
      if (this.#unclosed.get(dpid) === reason) return;
      this.#unclosed.set(dpid, reason);
      log.error({ ...told, err: error }, 'the bridge is no longer registered, but cannot be closed; retrying');
    }
    onChange();
  }

  #leave(dpid: string, work: Promise<void>): void {
    const left = work.then(() => {
      if (this.#leaving.get(dpid) !== left) return;
      this.#leaving.delete(dpid);
      if (!this.#unclosed.has(dpid)) this.#closeOthers();
    });
    this.#leaving.set(dpid, left);
  }

  #isRegistered(dpid: string): boolean {
    const { slice, node } = this.#options;
    return registeredAs(slice, node, dpid) !== undefined;
  }
}
