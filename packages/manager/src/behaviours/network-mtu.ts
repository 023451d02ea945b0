/** Networks that say that they take more than the tunnels between their hosts do. */
import { narrowestPath, type RowOf, shell } from '@openvnet/model';
import type { Facts } from '../status/facts.ts';

/** A note for a network whose `mtu` does not fit the path between two hosts that have members of it. */
export async function mtuNotes(
  { reader, datapaths }: Pick<Facts, 'reader' | 'datapaths'>,
  { id, uuid, mtu }: Pick<RowOf<'network'>, 'id' | 'uuid' | 'mtu'>,
): Promise<string[]> {
  if (mtu === null || datapaths.length < 2) return [];
  const leases = await reader.find('ip_lease', { network_id: id });
  const interface_id = leases.flatMap((lease) => lease.interface_id ?? []);
  const places = await reader.find('active_interface', { interface_id });
  const hosts = new Set(places.map(({ datapath_id }) => datapath_id));
  const path = narrowestPath(datapaths.filter((datapath) => hosts.has(datapath.id)));
  if (!path || mtu <= path.mtu) return [];
  const [one, other] = path.between.map((datapath) => datapath.uuid);
  return [
    `its MTU of ${mtu} bytes does not fit the tunnel between ${one} and ${other}, which takes ${path.mtu}. Use: ${shell`vnctl networks modify ${uuid} --mtu ${path.mtu}`}`,
  ];
}
