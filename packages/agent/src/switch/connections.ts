import { listen, type SwitchConnection } from '@openvnet/openflow';
import type { BridgeState } from '@openvnet/ovsdb';
import type { Logger } from 'pino';
import { type Address, type Claim, chosenOf, type Evidence, ignoredOf, type Made, silenceMs } from './claims.ts';
import { hex } from './discovery.ts';
import { holderOf } from './port-holder.ts';
import { Seldom } from './seldom.ts';

/** Interval between attempts to listen on an address in use, in milliseconds. */
const retryMs = 5000;
/** What anybody who connects can cause is logged at most this often, milliseconds. */
const logMs = 1000;

export interface ConnectionsOptions {
  /** Where switches may connect by themselves. */
  readonly openflow: Address;
  readonly log: Logger;
  readonly onConnection: (dpid: string, connection: SwitchConnection) => void;
  /** A connection of this datapath id has ended. */
  readonly onGone: (dpid: string, connection: SwitchConnection) => void;
  /** The notes about connections have changed. */
  readonly onChange: () => void;
}

/** All connections of peers that claim to be switches, by datapath id. */
export class Connections {
  /** Why the agent cannot listen for switches; undefined while it listens. */
  problem: string | undefined;
  readonly #options: ConnectionsOptions;
  readonly #all = new Map<string, Claim[]>();
  /** When a connection that was in use was last lost, by datapath id. */
  readonly #lostAt = new Map<string, number>();
  readonly #refusals = new Seldom(logMs);
  /** Comings and goings of switches that have connected by themselves. */
  readonly #visits = new Seldom(logMs);
  #listener: AsyncDisposable | undefined;
  #retry: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: ConnectionsOptions) {
    this.#options = options;
  }

  /** Listens for switches. If that fails, it retries; bridges are dialled in any case. */
  async listen(): Promise<void> {
    const { openflow, log } = this.#options;
    try {
      const listener = await listen(openflow, (connection) => this.accept(connection, 'accepted'), {
        onRefused: (peer, { message: reason }) =>
          this.#refusals.say((more) => log.warn({ peer, reason, ...more }, 'a switch was refused')),
      });
      if (this.#closed) return await listener[Symbol.asyncDispose]();
      this.#listener = listener;
      if (this.problem !== undefined) log.info({ openflow }, 'listening for switches again');
      this.problem = undefined;
    } catch (error) {
      const problem = this.#whyNot(error as NodeJS.ErrnoException);
      if (problem !== this.problem) log.warn({ openflow, err: error }, problem);
      this.problem = problem;
      if (!this.#closed) this.#retry = setTimeout(() => void this.listen(), retryMs);
    }
  }

  /** The address at which switches may connect, as text. */
  get address(): string {
    const { host, port } = this.#options.openflow;
    return `${host}:${port}`;
  }

  get dpids(): Iterable<string> {
    return this.#all.keys();
  }

  /** Any connection with this datapath id. */
  of(dpid: string): SwitchConnection | undefined {
    return this.#all.get(dpid)?.[0]?.connection;
  }

  /** The connection to use for a bridge; `current` is the one in use. */
  chosen(dpid: string, bridge: Made | undefined, current?: SwitchConnection): SwitchConnection | undefined {
    return chosenOf(this.#all.get(dpid) ?? [], this.#evidence(dpid, bridge, current));
  }

  /** Notes about other peers that claim to be a bridge. */
  ignored(dpid: string, bridge: BridgeState, used: SwitchConnection | undefined): string[] {
    return ignoredOf(this.#all.get(dpid) ?? [], bridge.name, this.#evidence(dpid, bridge, used));
  }

  /** Handles the end of the connection in use. */
  lost(dpid: string): void {
    this.#lostAt.set(dpid, performance.now());
  }

  #evidence(dpid: string, bridge: Made | undefined, current: SwitchConnection | undefined): Evidence {
    const lostAt = this.#lostAt.get(dpid) ?? Number.NEGATIVE_INFINITY;
    return { bridge, address: this.#options.openflow, lostAt, current };
  }

  accept(connection: SwitchConnection, way: Claim['way']): void {
    const dpid = hex(connection.dpid);
    const { log, onConnection, onGone, onChange } = this.#options;
    const all = this.#all.get(dpid) ?? [];
    this.#all.set(dpid, all);
    const claim = { connection, way, at: performance.now() };
    all.push(claim);
    const tell = (what: string): void => {
      const told = { datapath: dpid, peer: connection.peer };
      if (way === 'dialled') log.info(told, what);
      else this.#visits.say((more) => log.info({ ...told, ...more }, what));
    };
    tell('a switch connected');
    connection.on('error', (error) =>
      log.warn({ datapath: dpid, err: error }, 'the switch sent an unexpected message'),
    );
    const silence = setTimeout(onChange, silenceMs);
    void connection.closed.then(() => {
      all.splice(all.indexOf(claim), 1);
      if (all.length === 0 && this.#all.get(dpid) === all) this.#all.delete(dpid);
      if (!this.#closed) tell('a switch disconnected');
      clearTimeout(silence);
      onGone(dpid, connection);
    });
    onConnection(dpid, connection);
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#retry);
    await Promise.all([...this.#all.values()].flat().map(({ connection }) => connection.close()));
    await this.#listener?.[Symbol.asyncDispose]();
  }

  #whyNot({ code, message }: NodeJS.ErrnoException): string {
    const { host, port } = this.#options.openflow;
    const holder = code === 'EADDRINUSE' ? holderOf(host, port) : undefined;
    const why = holder ? `${holder.name} (pid ${holder.pid}) listens there` : message;
    return `cannot listen for switches at ${this.address}: ${why}; bridges are reached through their management sockets. Use: ss -tlnp 'sport = :${port}'`;
  }
}
