import type { PortsReport } from '@openvnet/model';
import type { Ovsdb } from '@openvnet/ovsdb';
import { bridgesByDpid } from '../switch/discovery.ts';
import { tunnelAt } from '../switch/tunnel-ports.ts';

type Port = PortsReport['set'][number];

/** What the manager was told of the ports of this host. */
export class PortsTold {
  readonly #ovsdb: Pick<Ovsdb, 'bridges'>;
  #told = new Map<string, Port>();

  constructor(ovsdb: Pick<Ovsdb, 'bridges'>) {
    this.#ovsdb = ovsdb;
  }

  /** All ports, for a manager that knows nothing. */
  whole(): PortsReport {
    this.#told = this.#ports();
    return { set: [...this.#told.values()], gone: [], whole: true };
  }

  /** What is different from what was told; undefined if nothing is. */
  changes(): PortsReport | undefined {
    const before = this.#told;
    const ports = this.#ports();
    this.#told = ports;
    const set = [...ports].flatMap(([key, port]) => (before.get(key)?.[2] === port[2] ? [] : [port]));
    const gone = [...before].flatMap(([key, [dpid, name]]): PortsReport['gone'] =>
      ports.has(key) ? [] : [[dpid, name]],
    );
    return set.length + gone.length > 0 ? { set, gone, whole: false } : undefined;
  }

  #ports(): Map<string, Port> {
    const ports = new Map<string, Port>();
    for (const [dpid, bridge] of bridgesByDpid(this.#ovsdb)) {
      for (const { name, type, ifaceId } of bridge.ports.values())
        if (!tunnelAt({ name, type })) ports.set(`${dpid} ${name}`, [dpid, name, ifaceId ?? null]);
    }
    return ports;
  }
}
