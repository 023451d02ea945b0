import type { NetworkInterfaceInfo } from 'node:os';
import { shell } from '@openvnet/model';
import type { Devices } from './host-address.ts';

/** Where encapsulated frames of a bridge leave the host. */
export interface UnderlayUse {
  /** `netdev` for the userspace datapath. */
  readonly datapathType: string;
  /** The address to which other hosts send; null if there is none. */
  readonly tunnelAddress: string | null;
  /** Names of all bridges of this Open vSwitch. */
  readonly bridges: ReadonlySet<string>;
  readonly devices: Devices;
}

/**
 * The note for a bridge whose encapsulated frames cannot leave: the userspace datapath sends them only from the internal port of a
 * bridge. Undefined if there is nothing to say.
 */
export function underlayNote({ datapathType, tunnelAddress, bridges, devices }: UnderlayUse): string | undefined {
  if (datapathType !== 'netdev' || tunnelAddress === null) return undefined;
  const [device, info] = deviceWith(tunnelAddress, devices) ?? [];
  if (device === undefined || bridges.has(device)) return undefined;
  const range = info!.cidr ?? `${tunnelAddress}/${info!.family === 'IPv4' ? 32 : 128}`;
  const commands = [
    shell`ovs-vsctl --may-exist add-br br-phy -- set bridge br-phy datapath_type=netdev -- --may-exist add-port br-phy ${device}`,
    shell`ip address del ${range} dev ${device}`,
    shell`ip address add ${range} dev br-phy`,
    'ip link set br-phy up',
  ];
  return `no frame reaches other hosts: tunnel address ${tunnelAddress} is on ${device}, and the userspace datapath sends only from a bridge of Open vSwitch. Use: ${commands.join(' && ')}`;
}

function deviceWith(address: string, devices: Devices): [string, NetworkInterfaceInfo] | undefined {
  for (const [device, all = []] of Object.entries(devices)) {
    const info = all.find((one) => one.address === address);
    if (info) return [device, info];
  }
  return undefined;
}
