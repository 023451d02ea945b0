import type { NetworkInterfaceInfo } from 'node:os';
import { localPort, type Relations } from '@openvnet/compiler';

/** The devices of the host with their addresses, as Node tells them. */
export type Devices = NodeJS.Dict<NetworkInterfaceInfo[]>;

/**
 * The note for a bridge with an unregistered address of the host: like any unregistered sender, the host is blocked there. Undefined if there is nothing to say.
 */
export function unregisteredHost(
  bridge: string,
  { binding }: Pick<Relations, 'binding'>,
  devices: Devices,
): string | undefined {
  const own = hostAddress(bridge, devices);
  if (!own || binding.where('port', localPort).length > 0) return undefined;
  const command = `vnctl interfaces add --mode host --port-name NIC --network-uuid NETWORK --ipv4-address ${own.address} --mac-address ${own.mac}`;
  return `${bridge} has address ${own.address} of this host, which is unreachable until it is registered. Use: ${command}`;
}

/** The IPv4 address that the host has at a bridge. */
export function hostAddress(bridge: string, devices: Devices): NetworkInterfaceInfo | undefined {
  return devices[bridge]?.find(({ family }) => family === 'IPv4');
}
