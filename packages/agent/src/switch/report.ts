import { networkInterfaces } from 'node:os';
import { type BridgeReport, shell } from '@openvnet/model';
import type { BridgeState } from '@openvnet/ovsdb';
import type { BridgeService } from './bridge-service.ts';
import type { Connections } from './connections.ts';
import { type Devices, hostAddress, unregisteredHost } from './host-address.ts';
import type { ServedSwitch, Tampered } from './served-switch.ts';
import { closedFrom, servedFrom } from './settings.ts';
import { underlayNote } from './underlay-note.ts';

/** Limit of ports that are named in one note. */
const mostNamed = 10;

/** The switches of a host, by datapath id. */
export interface Known {
  readonly bridges: ReadonlyMap<string, BridgeState>;
  readonly services: ReadonlyMap<string, BridgeService>;
  readonly connections: Connections;
  /** Bridges that could not be closed yet, with the reason. */
  readonly unclosed: ReadonlyMap<string, string>;
  /** Where the database of Open vSwitch is. */
  readonly target: string;
}

/** The report of all bridges of the host and all connected switches to the manager. */
export function bridgeReports({ bridges, services, connections, unclosed, target }: Known): BridgeReport[] {
  const all = new Set([...bridges.keys(), ...connections.dpids]);
  // Once for all bridges, because the system call is slow.
  const devices = networkInterfaces();
  const names = new Set([...bridges.values()].map(({ name }) => name));
  return [...all].sort().map((dpid) => {
    const bridge = bridges.get(dpid);
    const service = services.get(dpid);
    const served = service?.served;
    const lost = bridge && served && unregisteredHost(bridge.name, served.compiler.relations, devices);
    const underlay =
      bridge &&
      served &&
      underlayNote({ ...underlayOf(served), datapathType: bridge.datapathType, bridges: names, devices });
    const stranger = `connected to ${connections.address}, but ${target} has no such bridge: its ports are unknown`;
    return {
      dpid,
      name: bridge?.name ?? '',
      connection: (served ? served.connection : connections.of(dpid))?.peer ?? null,
      problem: bridge ? (served?.problem ?? service?.problem ?? unclosedText(unclosed.get(dpid)) ?? null) : stranger,
      notes: [
        ...(bridge ? connections.ignored(dpid, bridge, served?.connection) : []),
        ...(connections.problem && bridge ? [connections.problem] : []),
        ...(service && bridge ? faultyPorts(bridge) : []),
        ...(service?.tunnels.problem ? [`tunnel ports: ${service.tunnels.problem}`] : []),
        ...(service?.notes ?? []),
        ...(underlay ? [underlay] : []),
        ...(lost ? [lost] : []),
        ...(bridge ? closingOf(bridge, devices) : []),
      ],
      ports: bridge?.ports.size ?? 0,
      flows: served?.flowCount ?? null,
      revision: served?.revision ?? null,
      ...(bridge && closedFrom(bridge) !== undefined && { closed_from: closedFrom(bridge) }),
      ...(bridge && served?.tampered && { tampered: tamperingOf(bridge, served.tampered, connections) }),
      self_check: served?.selfChecks.last ?? null,
    };
  });
}

/** The tunnel address of a switch that sends to other hosts. */
function underlayOf({ compiler, datapathId }: ServedSwitch): { tunnelAddress: string | null } {
  const { datapath, peer } = compiler.relations;
  const [other] = peer.rows();
  return { tunnelAddress: (other && datapath.get(datapathId)?.tunnel_address) ?? null };
}

function tamperingOf(
  { name, controllers }: BridgeState,
  { changes, what, at }: Tampered,
  { address }: Connections,
): NonNullable<BridgeReport['tampered']> {
  const isForeign = controllers.some((target) => !target.startsWith('p') && target !== `tcp:${address}`);
  // The log of Open vSwitch says when which connection changed flows; a program that is no controller may be gone by now.
  const log = '/var/log/openvswitch/ovs-vswitchd.log';
  const use = isForeign
    ? shell`ovs-vsctl set-controller ${name} ${`tcp:${address}`}`
    : shell`grep ${`${name}<->.*flow_mods`} ${log}`;
  return { changes, what: [...what], at: at.toISOString(), use };
}

/** Ports that Open vSwitch could not set up, with its error. */
function faultyPorts({ ports }: BridgeState): string[] {
  const faulty = [...ports.values()].filter(({ error }) => error !== undefined);
  const named = faulty
    .slice(0, mostNamed)
    .map(({ name, error }) => `Open vSwitch cannot set up port ${name}: ${error}`);
  const more = faulty.length - named.length;
  return more > 0 ? [...named, `Open vSwitch cannot set up ${more} more ${more === 1 ? 'port' : 'ports'}`] : named;
}

function unclosedText(reason: string | undefined): string | undefined {
  return reason && `is no longer registered, but its flows cannot be deleted: ${reason}`;
}

/** Warnings about the effects of closing the bridge. */
function closingOf(bridge: BridgeState, devices: Devices): string[] {
  const { name } = bridge;
  if (closedFrom(bridge) !== undefined && bridge.failMode === 'secure')
    return [
      `${name} is closed: it forwards nothing, because its datapath was deleted. Use: ${shell`ovs-vsctl set-fail-mode ${name} standalone`}`,
    ];
  const address = servedFrom(bridge) === undefined ? undefined : hostAddress(name, devices);
  if (!address) return [];
  return [
    `${name} has address ${address.address} of this host: deleting its datapath closes the bridge and cuts the host off there. To open it instead, use: vnctl datapaths del DATAPATH --release`,
  ];
}
