import type { Encapsulation } from '@openvnet/model';
import type { BridgeState, Ovsdb, PortState } from '@openvnet/ovsdb';
import type { Logger } from 'pino';

/** The names of tunnel ports. A bridge has one for each encapsulation in use, however many hosts there are. */
const portNames: { readonly [E in Encapsulation]: string } = {
  geneve: 'vn-geneve',
  vxlan: 'vn-vxlan',
  gre: 'vn-gre',
};

const encapsulationOf = new Map(Object.entries(portNames).map(([one, name]) => [name, one as Encapsulation]));

/** Until a change that failed is tried again, milliseconds. */
const retryMs = 2000;

/** The flow says to which host a frame goes, and with which key. */
const byFlow = { remote_ip: 'flow', key: 'flow' } as const;

/** The encapsulation that a tunnel port of this name would have; undefined if it is no name of a tunnel port. */
export function tunnelNamed(name: string): Encapsulation | undefined {
  return encapsulationOf.get(name);
}

/** Which tunnel port this is; undefined if it is none of the agent's. */
export function tunnelAt({ name, type }: Pick<PortState, 'name' | 'type'>): Encapsulation | undefined {
  const encapsulation = tunnelNamed(name);
  return encapsulation === type ? encapsulation : undefined;
}

/** Removes the tunnel ports of a bridge that nobody serves. */
export async function removeTunnelPorts(ovsdb: Ovsdb, { name: bridge, ports }: BridgeState): Promise<void> {
  for (const port of [...ports.values()]) if (tunnelAt(port)) await ovsdb.deletePort(bridge, port.name);
}

function isByFlow({ options }: PortState): boolean {
  return Object.entries(byFlow).every(([key, value]) => options.get(key) === value);
}

/** Open vSwitch takes one such port of each type. */
function mayHave(ovsdb: Ovsdb, bridge: string, name: string): void {
  const holder = [...ovsdb.bridges.values()].find((other) => other.name !== bridge && other.ports.has(name));
  if (!holder) return;
  throw new Error(
    `port ${name} is on ${holder.name}, and a host has one such port: guests on ${bridge} do not reach other hosts. Move their ports to ${holder.name}`,
  );
}

export interface TunnelPortsOptions {
  readonly ovsdb: Ovsdb;
  readonly bridge: string;
  /** The encapsulations that the bridge needs now. */
  readonly wanted: () => readonly Encapsulation[];
  readonly log: Logger;
}

/** Makes and removes the tunnel ports of one bridge. */
export class TunnelPorts {
  /** Why a port could not be made or removed; null if none failed. */
  problem: string | null = null;
  readonly #options: TunnelPortsOptions;
  #running: Promise<void> | undefined;
  #again = false;
  #retry: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: TunnelPortsOptions) {
    this.#options = options;
  }

  /** Makes the ports that are missing and removes those that are not needed any more. Never fails. */
  settle(): Promise<void> {
    this.#again = true;
    clearTimeout(this.#retry);
    this.#running ??= this.#run(() => this.#options.wanted()).finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  /** Leaves the ports as they are. */
  close(): void {
    clearTimeout(this.#retry);
    this.#closed = true;
  }

  /** Removes all of them. Never fails. */
  async remove(): Promise<void> {
    await this.#running;
    this.#again = true;
    await this.#run(() => []);
  }

  async #run(wantedNow: () => readonly Encapsulation[]): Promise<void> {
    const { ovsdb, bridge, log } = this.#options;
    while (this.#again) {
      this.#again = false;
      const ports = ovsdb.bridges.get(bridge)?.ports;
      if (!ports || !ovsdb.connected) return;
      const wanted = new Set(wantedNow());
      try {
        for (const [encapsulation, name] of Object.entries(portNames) as [Encapsulation, string][]) {
          const port = ports.get(name);
          const isOurs = port !== undefined && tunnelAt(port) === encapsulation;
          if (wanted.has(encapsulation) && port && !isOurs)
            throw new Error(`port ${name} of ${bridge} is of type ${port.type || 'system'}, not ${encapsulation}`);
          if (isOurs && !(wanted.has(encapsulation) && isByFlow(port))) {
            await ovsdb.deletePort(bridge, name);
            const why = wanted.has(encapsulation)
              ? 'its options were not those of the agent'
              : 'no other host needs it';
            log.info({ bridge, port: name }, `tunnel port removed: ${why}`);
          }
          if (wanted.has(encapsulation) && !(port && isByFlow(port))) {
            mayHave(ovsdb, bridge, name);
            await ovsdb.addPort(bridge, { name, type: encapsulation, options: byFlow });
            log.info({ bridge, port: name }, 'tunnel port added');
          }
        }
        this.problem = null;
      } catch (error) {
        const { message } = error as Error;
        if (message !== this.problem)
          log.error({ bridge, err: error }, 'the tunnel ports of the bridge could not be changed; it is tried again');
        this.problem = message;
        if (!this.#closed) this.#retry = setTimeout(() => void this.settle(), retryMs).unref();
      }
    }
  }
}
