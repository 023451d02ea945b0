import { shell } from '@openvnet/model';
import type { PortState } from '@openvnet/ovsdb';

/** Problems that keep a port from forwarding, as sentences with the command that fixes them. */
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
