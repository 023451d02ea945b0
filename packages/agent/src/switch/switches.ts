import type { BridgeReport } from '@openvnet/model';
import { Ovsdb, type PortState } from '@openvnet/ovsdb';
import type { Logger } from 'pino';
import { PacketIns } from '../answers/packet-ins.ts';
import type { Slice } from '../feed/slice.ts';
import { BridgeService } from './bridge-service.ts';
import { Connections } from './connections.ts';
import { bridgesByDpid, registeredAs } from './discovery.ts';
import { portObstacles } from './port-obstacles.ts';
import { bridgeReports } from './report.ts';
import { ServedSwitch } from './served-switch.ts';
import { TamperingChecks } from './tampering.ts';

/** How often the switches are looked at for what another program has changed, milliseconds. */
const checkMs = 1500;

export interface SwitchesOptions {
  /** Where the database of Open vSwitch is: `unix:PATH` or `tcp:HOST:PORT`. */
  readonly ovsdb: string;
  /** Where switches may connect by themselves. */
  readonly openflow: { readonly host: string; readonly port: number };
  readonly node: string;
  readonly slice: Slice;
  readonly log: Logger;
  /** There is something new to report. */
  readonly onChange: () => void;
}

/** The switches of this host: begins and ends the service of each bridge as it appears, is registered, and goes. */
export class Switches {
  readonly ovsdb: Ovsdb;
  readonly packetIns: PacketIns;
  readonly #options: SwitchesOptions;
  readonly #connections: Connections;
  readonly #tampering: TamperingChecks;
  /** By datapath id. */
  readonly #services = new Map<string, BridgeService>();
  readonly #ending = new Map<string, Promise<void>>();
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: SwitchesOptions) {
    const { log, openflow, onChange } = options;
    this.#options = options;
    this.packetIns = new PacketIns(log);
    const onFault = (err: unknown): void => log.error({ err }, 'a change of a bridge or port could not be followed');
    this.ovsdb = new Ovsdb({ target: options.ovsdb, onFault });
    this.#tampering = new TamperingChecks(log);
    this.#connections = new Connections({
      openflow,
      log,
      onConnection: (dpid, connection) => {
        connection.on('packetIn', (message) => {
          const served = this.#services.get(dpid)?.served;
          // A switch that is connected twice hands every packet over twice.
          if (served?.connection === connection) this.packetIns.handle(served, connection, message);
        });
        this.#services.get(dpid)?.connected(connection);
        onChange();
      },
      onGone: (dpid, connection) => {
        this.#services.get(dpid)?.disconnected(connection);
        onChange();
      },
    });
  }

  /** Starts to listen and to look; throws where the address cannot be listened on. */
  async start(): Promise<void> {
    const { ovsdb: target, log, onChange } = this.#options;
    await this.#connections.listen();
    const { ovsdb } = this;
    ovsdb.on('port', (bridge, name, state) => this.#serviceOf(bridge)?.portChanged(name, state));
    ovsdb.on('bridge', (name, state) => state && this.#serviceOf(name)?.bridgeChanged(state));
    ovsdb.on('change', () => this.#settle());
    ovsdb.on('up', () => {
      log.info({ ovsdb: target, version: ovsdb.ovsVersion }, 'connected to Open vSwitch');
      this.#settle();
    });
    ovsdb.on('down', (reason) => {
      log.warn({ ovsdb: target, reason }, 'Open vSwitch cannot be asked for its bridges; trying on');
      onChange();
    });
    ovsdb.start();
    this.#timer = setInterval(() => {
      this.packetIns.forget();
      this.#tampering.look(this.served());
    }, checkMs);
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

  /** What keeps frames from passing at the port of an interface, in sentences. */
  obstacles({ compiler, datapathId, dpid }: ServedSwitch, interfaceId: number): string[] {
    const { port_name: name } = compiler.relations.binding.get(interfaceId) ?? {};
    const state = name ? this.port(datapathId, name) : undefined;
    if (!state) return [];
    const { datapath } = compiler.relations;
    return portObstacles(datapath.get(datapathId)?.uuid ?? dpid, state);
  }

  /** Something in the model has changed: serves what is registered now, and brings every switch up to date. */
  update(): void {
    this.#settle();
    for (const { served } of this.#services.values()) served.touch();
  }

  /** All bridges of the host, and all switches that have connected. */
  report(): BridgeReport[] {
    return bridgeReports({
      bridges: bridgesByDpid(this.ovsdb),
      services: this.#services,
      connections: this.#connections,
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

  /** Starts and ends services so that they are those of the bridges that are here and registered. */
  #settle(): void {
    const { slice, node, onChange } = this.#options;
    if (this.#closed || !slice.position) return;
    const bridges = bridgesByDpid(this.ovsdb);
    for (const [dpid, { served, bridge }] of this.#services) {
      const registered = registeredAs(slice, node, dpid);
      if (!registered) this.#end(dpid, true);
      else if (registered !== served.datapathId || (this.ovsdb.connected && bridges.get(dpid)?.name !== bridge))
        this.#end(dpid, false);
    }
    for (const [dpid, bridge] of bridges) {
      const datapathId = registeredAs(slice, node, dpid);
      if (datapathId === undefined || this.#services.has(dpid)) continue;
      const { ovsdb: target, log } = this.#options;
      const revision = (): number => slice.revision;
      const served = new ServedSwitch({ datapathId, dpid, model: slice.relations, log, revision, onChange });
      const { ovsdb } = this;
      const after = this.#ending.get(dpid);
      const connections = this.#connections;
      this.#services.set(dpid, new BridgeService({ target, ovsdb, connections, bridge, served, log, onChange, after }));
    }
    onChange();
  }

  #end(dpid: string, clear: boolean): void {
    const service = this.#services.get(dpid)!;
    this.#services.delete(dpid);
    const ended = service
      .end(clear)
      .catch((error: unknown) =>
        this.#options.log.error({ datapath: dpid, err: error }, 'the bridge could not be left as it was'),
      )
      .then(() => {
        if (this.#ending.get(dpid) === ended) this.#ending.delete(dpid);
      });
    this.#ending.set(dpid, ended);
  }
}
