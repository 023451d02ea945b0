import { dirname } from 'node:path';
import { dial, reservedPorts, type SwitchConnection } from '@openvnet/openflow';
import type { BridgeState, Ovsdb } from '@openvnet/ovsdb';
import { emptySwitch } from './empty-switch.ts';
import { formerFailMode, markClosed, restoreSettings } from './settings.ts';
import { removeTunnelPorts } from './tunnel-ports.ts';

/**
 * Closes a bridge that is no longer served: it forwards nothing, and its fail mode stays `secure`. `connection` is used if
 * the bridge has no management socket on this host. Throws if the bridge cannot be reached; the bridge is then still marked
 * as served, so that it is closed later.
 */
export async function closeBridge(ovsdb: Ovsdb, bridge: BridgeState, where: Way): Promise<void> {
  await reached(bridge.name, where, emptySwitch);
  await removeTunnelPorts(ovsdb, bridge);
  await markClosed(ovsdb, bridge);
}

/**
 * Gives a bridge back as it was before it was served; says what it does then. Where that is a learning switch, its
 * `NORMAL` flow is put in: Open vSwitch does so by itself only where no controller is set.
 */
export async function openBridge(ovsdb: Ovsdb, bridge: BridgeState, where: Way): Promise<string> {
  const { name } = bridge;
  if (formerFailMode(bridge) === 'secure') {
    await restoreSettings(ovsdb, bridge);
    return `${name} is released; its fail mode was secure before it was served, so it forwards nothing until it has flows`;
  }
  await reached(name, where, async (connection) => {
    await emptySwitch(connection);
    await restoreSettings(ovsdb, bridge);
    const actions = [{ type: 'output', port: reservedPorts.normal }] as const;
    connection.send({
      type: 'flow_mod',
      command: 'add',
      table: 0,
      priority: 0,
      instructions: [{ type: 'apply_actions', actions }],
    });
    await connection.barrier();
  });
  return `${name} is released: it forwards between all its ports, so guests of every network on it reach each other`;
}

/** How a bridge is reached: the address of the database, and a connection if the bridge has no management socket. */
export interface Way {
  readonly target: string;
  readonly connection: SwitchConnection | undefined;
}

async function reached(
  name: string,
  { target, connection }: Way,
  work: (connection: SwitchConnection) => Promise<void>,
): Promise<void> {
  const socket = managementSocket(target, name);
  if (socket !== undefined) {
    await using own = await dial(socket);
    await work(own);
  } else if (connection) await work(connection);
  else throw new Error(`${name} is not connected`);
}

/** The directory of the control sockets of Open vSwitch: that of the database, if it is on this host. */
export function socketDirectory(target: string): string | undefined {
  return target.startsWith('unix:') ? dirname(target.slice('unix:'.length)) : undefined;
}

/** The management socket of a bridge, if the database is on this host. */
export function managementSocket(target: string, bridge: string): string | undefined {
  const directory = socketDirectory(target);
  return directory && `unix:${directory}/${bridge}.mgmt`;
}
