import { EventEmitter } from 'node:events';
import { type BridgeChange, type BridgeState, Bridges, isolation, type PortState } from './bridges.ts';
import { monitorRequests } from './columns.ts';
import { editOperations, nextCfgOperations } from './edit.ts';
import { checkedResults, OvsdbError } from './error.ts';
import { Session } from './session.ts';
import { parseTarget, reasonOf, type Target } from './target.ts';

export interface OvsdbEvents {
  /** Connected, and `bridges` is up to date. Events for all differences were emitted before. */
  up: [];
  /** The connection was lost or could not be made. A failure to connect is reported once for each reason. */
  down: [reason: string];
  /** A bridge appeared, changed (apart from its ports) or vanished. */
  bridge: [name: string, state: BridgeState | undefined];
  /** A port appeared, changed or vanished. */
  port: [bridge: string, name: string, state: PortState | undefined];
  /** Emitted after the `bridge` and `port` events of a batch, unless the batch changed nothing. */
  change: [];
}

/** A port that is to be made. */
export interface NewPort {
  readonly name: string;
  /** Of its interface: `geneve`, say. */
  readonly type: string;
  /** Of its interface. */
  readonly options: Readonly<Record<string, string>>;
}

export interface OvsdbOptions {
  /** `unix:PATH` or `tcp:HOST:PORT`. */
  target: string;
  /** First pause before dialling again, in milliseconds; it doubles up to one second. */
  retryMs?: number;
  /** Silence in milliseconds after which an echo request is sent; after the same time again the connection is closed. */
  probeMs?: number;
  /** How long the switch daemon may take to apply a change. */
  applyMs?: number;
  /** Receives exceptions of listeners. The other listeners are still called, and the connection continues. */
  onFault?: (error: unknown) => void;
}

const database = 'Open_vSwitch';
const maxRetryMs = 1000;

/**
 * A live copy of the bridges, ports and interfaces in the Open vSwitch database, and changes to them. It reconnects by
 * itself until it is disposed; meanwhile `bridges` keeps the last known state. When an event is emitted, `bridges`
 * already reflects the whole batch. RFC 7047; ovsdb-server(7).
 */
export class Ovsdb extends EventEmitter<OvsdbEvents> implements AsyncDisposable {
  readonly #target: Target;
  readonly #retryMs: number;
  readonly #probeMs: number;
  readonly #applyMs: number;
  readonly #onFault: (error: unknown) => void;
  readonly #bridges = new Bridges();
  readonly #disposed = new AbortController();
  /** Called after each batch. */
  readonly #watchers = new Set<() => void>();
  #session: Session | undefined;
  #retry: NodeJS.Timeout | undefined;
  #pauseMs: number;
  #upSince: number | undefined;
  #reason: string | undefined = 'not started';

  constructor({ target, retryMs = 50, probeMs = 5000, applyMs = 20_000, onFault = () => {} }: OvsdbOptions) {
    super();
    this.#target = parseTarget(target);
    this.#retryMs = retryMs;
    this.#pauseMs = retryMs;
    this.#probeMs = probeMs;
    this.#applyMs = applyMs;
    this.#onFault = onFault;
  }

  /** Connects, and reconnects until it is disposed. */
  start(): void {
    if (this.#disposed.signal.aborted) throw new OvsdbError(`${this.#target.text}: disposed`);
    if (this.#session !== undefined || this.#retry !== undefined) return;
    this.#reason = `${this.#target.text}: connecting`;
    this.#dial();
  }

  get connected(): boolean {
    return this.#upSince !== undefined;
  }

  /** Why it is not connected; `undefined` while it is. */
  get reason(): string | undefined {
    return this.#reason;
  }

  get bridges(): ReadonlyMap<string, BridgeState> {
    return this.#bridges.state;
  }

  get ovsVersion(): string | undefined {
    return this.#bridges.global?.ovs_version;
  }

  /**
   * Runs the operations as one transaction and returns their results. Throws `OvsdbError` if one is refused, naming
   * it, and if there is no connection or it is lost before the answer. RFC 7047, 4.1.3.
   */
  async transact(operations: readonly object[], { signal }: { signal?: AbortSignal } = {}): Promise<unknown[]> {
    signal?.throwIfAborted();
    if (this.#session === undefined || !this.connected) throw new OvsdbError(`not connected: ${this.#reason}`);
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    const giveUp = this.#session.call('transact', [database, ...operations], resolve, reject);
    const aborted = () => {
      giveUp();
      reject(signal?.reason);
    };
    signal?.addEventListener('abort', aborted);
    try {
      return checkedResults(operations, await promise);
    } finally {
      signal?.removeEventListener('abort', aborted);
    }
  }

  /** Sets the fail mode of a bridge, and waits until the switch daemon has applied it. */
  setFailMode(bridge: string, mode: 'secure' | 'standalone' | undefined): Promise<void> {
    return this.setBridge(bridge, { fail_mode: mode });
  }

  /** Sets a key of a bridge's `other_config`, or deletes it, and waits until the switch daemon has applied it. */
  setOtherConfig(bridge: string, key: string, value: string | undefined): Promise<void> {
    return this.setBridge(bridge, { other_config: { [key]: value } });
  }

  /** Sets a key of the `other_config` of the whole switch daemon, or deletes it, and waits until it is applied. */
  setGlobalOtherConfig(key: string, value: string | undefined): Promise<void> {
    return this.#apply(editOperations('Open_vSwitch', [], { other_config: { [key]: value } }), 'Open_vSwitch');
  }

  /**
   * Changes columns of a bridge, and waits until the switch daemon has applied it. An array is a set, `undefined` no
   * value. An object edits a map: keys with `undefined` are deleted, other keys stay.
   */
  setBridge(bridge: string, columns: Readonly<Record<string, unknown>>): Promise<void> {
    return this.#apply(editOperations('Bridge', [['name', '==', bridge]], columns), `bridge ${bridge}`);
  }

  /** Adds a port with one interface to a bridge, and waits until the switch daemon has set it up, or tried to. */
  addPort(bridge: string, { name, type, options }: NewPort): Promise<void> {
    const map = (values: Readonly<Record<string, string>>): unknown => ['map', Object.entries(values)];
    const added = ['named-uuid', 'port'];
    const operations = [
      { op: 'insert', table: 'Interface', row: { name, type, options: map(options) }, 'uuid-name': 'interface' },
      { op: 'insert', table: 'Port', row: { name, interfaces: ['named-uuid', 'interface'] }, 'uuid-name': 'port' },
      { op: 'mutate', table: 'Bridge', where: [['name', '==', bridge]], mutations: [['ports', 'insert', added]] },
    ];
    return this.#apply(operations, `bridge ${bridge}`);
  }

  /** Removes a port from a bridge, and waits until the switch daemon has done so. Does nothing if there is none. */
  async deletePort(bridge: string, name: string): Promise<void> {
    const query = { op: 'select', table: 'Port', where: [['name', '==', name]], columns: ['_uuid'] };
    const [found] = (await this.transact([query])) as [{ rows: { _uuid: unknown }[] }];
    const [port] = found.rows;
    if (!port) return;
    const mutations = [['ports', 'delete', port._uuid]];
    await this.#apply(
      [{ op: 'mutate', table: 'Bridge', where: [['name', '==', bridge]], mutations }],
      `bridge ${bridge}`,
    );
  }

  /**
   * Isolates all ports of a bridge, or ends their isolation. The action `NORMAL` neither accepts frames from an isolated port
   * nor sends frames to it. Flows without `NORMAL` are not affected.
   */
  async isolatePorts(bridge: string, isolated: boolean): Promise<void> {
    const columns = isolated ? isolation : { vlan_mode: undefined, trunks: [] };
    const edits = this.#bridges
      .portRows(bridge, !isolated)
      .flatMap((uuid) => editOperations('Port', [['_uuid', '==', ['uuid', uuid]]], columns));
    if (edits.length > 0) await this.transact(edits);
  }

  /** Stops permanently. Pending calls fail. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed.abort(new OvsdbError(`${this.#target.text}: disposed`));
    clearTimeout(this.#retry);
    this.#session?.close(`${this.#target.text}: disposed`);
  }

  async #apply(edits: readonly object[], what: string): Promise<void> {
    const results = await this.transact([...edits, ...nextCfgOperations]);
    if (edits.some((_, index) => (results[index] as { count?: number }).count === 0)) {
      throw new OvsdbError(`there is no ${what} in the database`);
    }
    const { rows } = results[edits.length + 1] as { rows: readonly { next_cfg: number }[] };
    await this.#applied(rows[0]?.next_cfg ?? 0, what);
  }

  /** Waits until the switch daemon has applied configuration `wanted`; a lost connection in between does not matter. */
  async #applied(wanted: number, what: string): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const current = () => this.#bridges.global?.cur_cfg ?? 0;
    const look = () => {
      if (current() >= wanted) resolve();
    };
    const late = () => {
      const why = this.#reason ?? `it is at configuration ${current()}, not ${wanted}; is ovs-vswitchd running?`;
      reject(
        new OvsdbError(`${what}: written, but not applied by the switch daemon in ${this.#applyMs / 1000} s: ${why}`),
      );
    };
    const stopped = () => reject(this.#disposed.signal.reason);
    const timer = setTimeout(late, this.#applyMs);
    this.#watchers.add(look);
    this.#disposed.signal.addEventListener('abort', stopped);
    try {
      look();
      await promise;
    } finally {
      clearTimeout(timer);
      this.#watchers.delete(look);
      this.#disposed.signal.removeEventListener('abort', stopped);
    }
  }

  #dial(): void {
    this.#retry = undefined;
    try {
      const session = new Session(
        this.#target,
        {
          opened: () => this.#monitor(session),
          notified: (method, params) => this.#notified(session, method, params),
          closed: (reason) => this.#closed(reason),
        },
        this.#probeMs,
      );
      this.#session = session;
    } catch (error) {
      this.#closed(reasonOf(this.#target, error as Error));
    }
  }

  #monitor(session: Session): void {
    const done = (contents: unknown) => {
      const changes = this.#bridges.replace(contents);
      this.#upSince = performance.now();
      this.#reason = undefined;
      this.#tell(changes);
      this.#emit('up');
    };
    const failed = (error: OvsdbError) => session.close(`${this.#target.text}: ${error.message}`);
    session.call('monitor_cond', [database, database, monitorRequests], done, failed);
  }

  #notified(session: Session, method: string, params: readonly unknown[]): void {
    if (method === 'update2' && this.connected) this.#tell(this.#bridges.update(params[1]));
    // The server drops the monitor when the database is replaced, so a new one is requested.
    else if (method === 'monitor_canceled') session.close(`${this.#target.text}: the server ended the monitor`);
  }

  #tell(changes: readonly BridgeChange[]): void {
    for (const look of this.#watchers) look();
    for (const change of changes) {
      if (change[0] === 'bridge') this.#emit('bridge', change[1], change[2]);
      else this.#emit('port', change[1], change[2], change[3]);
    }
    if (changes.length > 0) this.#emit('change');
  }

  /** Calls listeners. An exception of one must neither keep the others from being called nor end the program. */
  #emit<E extends keyof OvsdbEvents>(event: E, ...values: OvsdbEvents[E]): void {
    for (const listener of this.rawListeners(event)) {
      try {
        (listener as (...values: OvsdbEvents[E]) => void)(...values);
      } catch (error) {
        this.#onFault(error);
      }
    }
  }

  #closed(reason: string): void {
    const wasUp = this.#upSince !== undefined;
    // A server that accepts connections and drops them at once is not dialled more often.
    if (wasUp && performance.now() - this.#upSince! > maxRetryMs) this.#pauseMs = this.#retryMs;
    const news = wasUp || reason !== this.#reason;
    this.#session = undefined;
    this.#upSince = undefined;
    this.#reason = reason;
    if (this.#disposed.signal.aborted) return;
    this.#retry = setTimeout(() => this.#dial(), this.#pauseMs);
    this.#pauseMs = Math.min(this.#pauseMs * 2, maxRetryMs);
    if (news) this.#emit('down', reason);
  }
}
