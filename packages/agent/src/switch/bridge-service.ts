import { type Encapsulation, shell } from '@openvnet/model';
import { keepDialing, type SwitchConnection, VersionError } from '@openvnet/openflow';
import type { BridgeState, Ovsdb, PortState } from '@openvnet/ovsdb';
import type { Logger } from 'pino';
import { managementSocket, socketDirectory } from './closing.ts';
import type { Connections } from './connections.ts';
import type { ServedSwitch } from './served-switch.ts';
import { hastenRevalidation, inBandOff, prepareBridge, servedFrom } from './settings.ts';
import { ShieldedPorts } from './shielded-ports.ts';
import { startOpenVswitch } from './start-open-vswitch.ts';
import { TunnelPorts, tunnelAt, tunnelNamed } from './tunnel-ports.ts';
import { UnderlayNeighbours } from './underlay-neighbours.ts';

/** Delay between a change in the database and its effect on the flows, in milliseconds. */
const settleMs = 300;
/** Ports that come close after each other are isolated together; until a failed attempt is repeated, milliseconds. */
const isolateMs = { gather: 20, retry: 1000 };

export interface BridgeServiceOptions {
  /** Address of the Open vSwitch database: `unix:PATH` or `tcp:HOST:PORT`. */
  readonly target: string;
  readonly ovsdb: Ovsdb;
  readonly connections: Connections;
  readonly bridge: BridgeState;
  readonly served: ServedSwitch;
  /** The store that the flows come from. */
  readonly store: () => string;
  /** The tunnel ports that the bridge needs, by what the model says now. */
  readonly tunnelsWanted: () => readonly Encapsulation[];
  readonly log: Logger;
  readonly onChange: () => void;
  /** Resolves when the previous service of the bridge has ended. */
  readonly after: Promise<void> | undefined;
}

/** The service of one bridge while it is registered: settings, connection and ports. */
export class BridgeService {
  readonly served: ServedSwitch;
  /** Name of the bridge. */
  readonly bridge: string;
  /** Changed settings of the bridge, in words. */
  readonly notes = new Set<string>();
  /** Why the bridge cannot be reached. */
  problem: string | null = null;
  readonly tunnels: TunnelPorts;
  readonly #options: BridgeServiceOptions;
  readonly #underlayNeighbours: UnderlayNeighbours | undefined;
  readonly #stop = new AbortController();
  readonly #shielded: ShieldedPorts;
  /** The settings of the bridge that concern its flows, as last seen. */
  #settings: string;
  /** Whether the bridge is ready to be served. */
  #prepared = false;
  #timer: NodeJS.Timeout | undefined;
  #isolating: NodeJS.Timeout | undefined;

  constructor(options: BridgeServiceOptions) {
    const { served, bridge, log } = options;
    this.#options = options;
    this.served = served;
    this.bridge = bridge.name;
    this.#settings = settingsOf(bridge);
    const warn = (note: string): void => log.warn({ datapath: served.dpid, bridge: bridge.name }, note);
    this.tunnels = new TunnelPorts({ ovsdb: options.ovsdb, bridge: bridge.name, wanted: options.tunnelsWanted, log });
    const directory = socketDirectory(options.target);
    if (bridge.datapathType === 'netdev' && directory !== undefined)
      this.#underlayNeighbours = new UnderlayNeighbours(served.compiler, directory);
    this.#shielded = new ShieldedPorts(this.notes, warn);
    for (const [name, state] of bridge.ports) this.#setPort(name, state);
    log.info({ datapath: served.dpid, bridge: bridge.name }, 'the bridge is registered and served from now on');
    this.#serve().catch((error: unknown) => {
      if (!this.#stop.signal.aborted)
        log.error({ datapath: served.dpid, err: error }, 'the bridge could not be served');
    });
  }

  /** Handles the end of a connection. If it was in use, no older connection is trusted in its place. */
  disconnected(connection: SwitchConnection): void {
    const { served } = this;
    if (served.connection === connection) this.#options.connections.lost(served.dpid);
    this.choose();
  }

  /** Chooses the connection of the bridge from the present claims. */
  choose(): void {
    const { connections, ovsdb, target } = this.#options;
    const { served } = this;
    if (!this.#prepared) return;
    const chosen = connections.chosen(served.dpid, ovsdb.bridges.get(this.bridge), served.connection);
    if (chosen) this.problem = null;
    else if (managementSocket(target, this.bridge) === undefined)
      this.problem = `waits until Open vSwitch says that it has connected ${this.bridge} here. Use: ${shell`ovs-vsctl set-controller ${this.bridge} tcp:${connections.address}`}`;
    served.use(chosen);
  }

  /** Something in the model has changed. */
  modelChanged(): void {
    this.served.touch();
    if (this.#prepared) void this.tunnels.settle();
  }

  portChanged(name: string, state: PortState | undefined): void {
    this.#setPort(name, state);
    if (state && !state.isolated) this.#isolate(isolateMs.gather);
    // Another program may have deleted it, or have made a port of its name.
    if (this.#prepared && tunnelNamed(name)) void this.tunnels.settle();
    if (state?.ofport !== undefined) this.served.portStateChanged(state.ofport);
    this.served.touch();
  }

  /** Setting or deleting a controller flushes the flows, a changed fail mode would do so later, and in-band control adds hidden flows. */
  bridgeChanged(state: BridgeState): void {
    this.choose();
    // Without the mark, the bridge would keep its flows after its datapath is deleted.
    if (this.#prepared && servedFrom(state) === undefined) void this.#prepare();
    if (this.#settings === settingsOf(state)) return;
    this.#settings = settingsOf(state);
    void this.#prepare().then(() => this.served.check());
    this.served.check();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.served.check(), settleMs);
  }

  /** Ends the service when the agent ends; the bridge is left unchanged. */
  async close(): Promise<void> {
    clearTimeout(this.#timer);
    clearTimeout(this.#isolating);
    this.#stop.abort();
    this.tunnels.close();
    this.#underlayNeighbours?.[Symbol.dispose]();
    await this.served.close();
  }

  /** Ends the service of a bridge that stays registered or no longer exists. */
  async end(): Promise<void> {
    await this.close();
    await this.tunnels.remove();
    this.#options.log.info({ datapath: this.served.dpid, bridge: this.bridge }, 'the bridge is no longer served');
  }

  /** Prepares the bridge, then keeps dialling it while it is served. */
  async #serve(): Promise<void> {
    const { after, connections, target } = this.#options;
    const { signal } = this.#stop;
    // The previous service may still use the same connection.
    await after;
    await this.#prepare();
    if (signal.aborted) return;
    this.#prepared = true;
    void this.tunnels.settle();
    this.choose();
    // The management socket is in the directory of the database socket. With a TCP database there is none, and the switch must connect.
    const socket = managementSocket(target, this.bridge);
    if (socket === undefined) return;
    await keepDialing(socket, {
      signal,
      onSwitch: (connection) => connections.accept(connection, 'dialled'),
      onDown: (reason) => !signal.aborted && this.#down(unreachable(this.bridge, reason)),
    });
  }

  async #prepare(): Promise<void> {
    const { ovsdb, log, store } = this.#options;
    const bridge = ovsdb.bridges.get(this.bridge);
    if (!bridge || !ovsdb.connected) return;
    try {
      const { notes, restored } = await prepareBridge(ovsdb, bridge, {
        store: store(),
        datapathId: this.served.datapathId,
      });
      for (const what of restored) this.served.noteTampering(what, 1);
      const changes = [...notes];
      const hastened = await hastenRevalidation(ovsdb);
      if (hastened !== undefined) changes.push(hastened);
      for (const change of changes) {
        log.info({ datapath: this.served.dpid, bridge: this.bridge }, change);
        this.notes.add(change);
      }
    } catch (error) {
      log.error({ datapath: this.served.dpid, err: error }, 'the settings of the bridge could not be changed');
    }
  }

  /** Isolates ports that have come, or whose isolation another program has ended. */
  #isolate(afterMs: number): void {
    const { ovsdb, log } = this.#options;
    this.#isolating ??= setTimeout(() => {
      this.#isolating = undefined;
      if (!this.#prepared || !ovsdb.connected) return;
      ovsdb.isolatePorts(this.bridge, true).catch((error: unknown) => {
        if (this.#stop.signal.aborted) return;
        log.warn({ datapath: this.served.dpid, err: error }, 'ports could not be isolated; it is tried again');
        this.#isolate(isolateMs.retry);
      });
    }, afterMs);
  }

  #down(reason: string): void {
    const { log, onChange } = this.#options;
    if (this.problem === reason || this.served.connection) return;
    this.problem = reason;
    log.warn({ datapath: this.served.dpid, reason }, 'the switch cannot be reached; retrying');
    onChange();
  }

  #setPort(name: string, state: PortState | undefined): void {
    const known = state?.ofport !== undefined;
    const encapsulation = state ? tunnelAt(state) : tunnelNamed(name);
    if (encapsulation) this.served.setTunnel(encapsulation, state?.ofport);
    this.served.setPort(name, known ? { id: state.ofport!, name, iface_id: state.ifaceId ?? null } : undefined);
    const bridge = this.#options.ovsdb.bridges.get(this.bridge);
    const shields = known && state.type === '' && bridge?.datapathType === 'netdev';
    if (shields) this.#shielded.add(name);
    else this.#shielded.remove(name);
  }
}

/** Why a bridge cannot be reached at its management socket, with a remedy. */
function unreachable(bridge: string, reason: Error): string {
  if (reason instanceof VersionError)
    return `${bridge} does not accept OpenFlow 1.3, which the agent requires. Use: ${shell`ovs-vsctl add bridge ${bridge} protocols OpenFlow13`}`;
  const { code } = (reason.cause ?? {}) as NodeJS.ErrnoException;
  if (code === 'ECONNREFUSED' || code === 'ENOENT')
    return `ovs-vswitchd does not answer for ${bridge}: ${reason.message}. Use: ${startOpenVswitch()}`;
  return reason.message;
}

function settingsOf({ failMode, controllers, otherConfig }: BridgeState): string {
  return JSON.stringify([failMode, otherConfig.get(inBandOff), [...controllers].sort()]);
}
