import { shell } from '@openvnet/model';
import type { PortState } from '@openvnet/ovsdb';

/** What keeps frames from passing at a port, in sentences with the command that mends it. */
export function portObstacles(datapath: string, { name, error, linkState }: PortState): string[] {
  if (error)
    return [
      `port ${name} on ${datapath} does not work. Open vSwitch says: ${error}. Use: ${shell`ovs-vsctl list interface ${name}`}`,
    ];
  return linkState === 'down'
    ? [
        `the link of port ${name} on ${datapath} is down. Use: ${shell`ip link set ${name} up`}, on both ends of a veth pair`,
      ]
    : [];
}
