import type { BridgeReport } from '@openvnet/model';
import type { BridgeState } from '@openvnet/ovsdb';
import type { BridgeService } from './bridge-service.ts';
import type { Connections } from './connections.ts';
import { unregisteredHost } from './host-address.ts';
import type { ServedSwitch } from './served-switch.ts';

/** What is known of the switches of a host, each by datapath id. */
export interface Known {
  readonly bridges: ReadonlyMap<string, BridgeState>;
  readonly services: ReadonlyMap<string, BridgeService>;
  readonly connections: Connections;
  /** Where the database of Open vSwitch is. */
  readonly target: string;
}

/** All bridges of the host, and all switches that have connected, as the manager is told of them. */
export function bridgeReports({ bridges, services, connections, target }: Known): BridgeReport[] {
  const all = new Set([...bridges.keys(), ...connections.dpids]);
  return [...all].sort().map((dpid) => {
    const bridge = bridges.get(dpid);
    const service = services.get(dpid);
    const served = service?.served;
    const lost = bridge && served && unregisteredHost(bridge.name, served.compiler.relations);
    const stranger = `connected to ${connections.address}, but is no bridge of ${target}: its ports are not known`;
    return {
      dpid,
      name: bridge?.name ?? '',
      connection: (served ? served.connection : connections.of(dpid))?.peer ?? null,
      problem: bridge ? (served?.problem ?? service?.problem ?? null) : stranger,
      notes: [...(service?.notes ?? []), ...(lost ? [lost] : []), ...tamperingOf(served)],
      ports: bridge?.ports.size ?? 0,
      flows: served?.flowCount ?? null,
      revision: served?.revision ?? null,
    };
  });
}

function tamperingOf(served: ServedSwitch | undefined): string[] {
  if (!served?.tampered) return [];
  const { changes, what, at } = served.tampered;
  const times = changes === 1 ? 'once' : `${changes} times`;
  const when = at.toISOString().slice(0, 19).replace('T', ' ');
  return [`another program has changed ${what.join(', ')} ${times}, last at ${when} UTC; what it changed was put back`];
}
