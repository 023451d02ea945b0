/** What networks cannot have on the hosts on which their members are. */
import { mostFloodHosts, narrowestPath, type RowOf, shell } from '@openvnet/model';
import type { Facts } from '../status/facts.ts';

type Network = Pick<RowOf<'network'>, 'id' | 'uuid' | 'mtu'>;
type Known = Pick<Facts, 'reader' | 'datapaths'>;

/** Notes for a network whose `mtu` does not fit the path between two hosts with members, and for one on too many hosts. */
export async function hostNotes(facts: Known, network: Network): Promise<string[]> {
  const { datapaths } = facts;
  const many = datapaths.length - 1 > mostFloodHosts;
  if (datapaths.length < 2 || (network.mtu === null && !many)) return [];
  const leases = await facts.reader.find('ip_lease', { network_id: network.id });
  if (network.mtu === null && leases.length <= mostFloodHosts) return [];
  const hosts = await hostsOf(facts, leases);
  return [...mtuNotes(network, hosts), ...(hosts.length - 1 > mostFloodHosts ? [onTooMany(hosts.length)] : [])];
}

/** The datapaths on which the interfaces with these leases are. */
async function hostsOf(
  { reader, datapaths }: Known,
  leases: readonly RowOf<'ip_lease'>[],
): Promise<RowOf<'datapath'>[]> {
  const interface_id = leases.flatMap((lease) => lease.interface_id ?? []);
  const places = await reader.find('active_interface', { interface_id });
  const ids = new Set(places.map(({ datapath_id }) => datapath_id));
  return datapaths.filter((datapath) => ids.has(datapath.id));
}

function mtuNotes({ uuid, mtu }: Network, hosts: readonly RowOf<'datapath'>[]): string[] {
  const path = narrowestPath(hosts);
  if (!path || mtu === null || mtu <= path.mtu) return [];
  const [one, other] = path.between.map((datapath) => datapath.uuid);
  return [
    `its MTU of ${mtu} bytes does not fit the tunnel between ${one} and ${other}, which takes ${path.mtu}. Use: ${shell`vnctl networks modify ${uuid} --mtu ${path.mtu}`}`,
  ];
}

function onTooMany(count: number): string {
  return `it has members on ${count} hosts; a broadcast reaches ${mostFloodHosts} other hosts at most. Divide it into networks joined by a router`;
}
