import { listen, type SwitchConnection } from '@openvnet/openflow';
import type { Logger } from 'pino';
import { hex } from './discovery.ts';

export interface ConnectionsOptions {
  /** Where switches may connect by themselves. */
  readonly openflow: { readonly host: string; readonly port: number };
  readonly log: Logger;
  readonly onConnection: (dpid: string, connection: SwitchConnection) => void;
  /** A connection of this datapath id is over. */
  readonly onGone: (dpid: string, connection: SwitchConnection) => void;
}

/** Every connection there is to a switch, by datapath id. */
export class Connections {
  readonly #options: ConnectionsOptions;
  readonly #all = new Map<string, SwitchConnection[]>();
  #listener: AsyncDisposable | undefined;
  #closed = false;

  constructor(options: ConnectionsOptions) {
    this.#options = options;
  }

  /** Listens for switches that connect by themselves; throws where the address cannot be listened on. */
  async listen(): Promise<void> {
    const { openflow, log } = this.#options;
    this.#listener = await listen(openflow, (connection) => this.accept(connection), {
      onRefused: (peer, reason) => log.warn({ peer, reason }, 'a switch was refused'),
    }).catch((cause: NodeJS.ErrnoException) => {
      const why = cause.code === 'EADDRINUSE' ? 'another program listens there already' : cause.message;
      throw new Error(`Cannot listen for switches at ${this.address}: ${why}.`, { cause });
    });
  }

  /** Where switches may connect by themselves, as text. */
  get address(): string {
    const { host, port } = this.#options.openflow;
    return `${host}:${port}`;
  }

  get dpids(): Iterable<string> {
    return this.#all.keys();
  }

  /** The connection that a switch with this datapath id is used by. */
  of(dpid: string): SwitchConnection | undefined {
    return this.#all.get(dpid)?.[0];
  }

  accept(connection: SwitchConnection): void {
    const dpid = hex(connection.dpid);
    const { log, onConnection, onGone } = this.#options;
    const all = this.#all.get(dpid) ?? [];
    this.#all.set(dpid, all);
    all.push(connection);
    log.info({ datapath: dpid, peer: connection.peer, used: all.length === 1 }, 'a switch is connected');
    connection.on('error', (error) => log.warn({ datapath: dpid, err: error }, 'the switch said something unexpected'));
    void connection.closed.then(() => {
      all.splice(all.indexOf(connection), 1);
      if (all.length === 0) this.#all.delete(dpid);
      if (!this.#closed) log.info({ datapath: dpid, peer: connection.peer }, 'a switch has gone');
      onGone(dpid, connection);
    });
    onConnection(dpid, connection);
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#all.values()].flat().map((connection) => connection.close()));
    await this.#listener?.[Symbol.asyncDispose]();
  }
}
