import { ApiError } from '@openvnet/model';
import type { Reader } from '@openvnet/store';
import { addCommand } from '../api/parameters.ts';
import type { Behaviour, Surroundings } from './behaviour.ts';
import { drawMac } from './free-addresses.ts';
import { firstLeasesOf } from './ip-lease.ts';

type Relation = 'datapath_network' | 'datapath_segment' | 'datapath_route_link';

/**
 * What the relations of a datapath have in common: the host interface is that of the datapath where none is given, and
 * the address is drawn from the group of the settings where none is given, or else is one of `range` (the first three
 * bytes).
 */
export function relationOnDatapath<K extends Relation>(kind: K, range: number): Behaviour<K> {
  const shared: Behaviour<Relation> = {
    complete: async (tx, values, _more, around) => ({
      ...values,
      mac_address: values.mac_address ?? (await macOfSettings(tx, around)),
      interface_id: values.interface_id ?? (await hostInterfaceOf(tx, values.datapath_id)),
    }),
    fills: ['interface_uuid', 'mac_address'],
    byHand: (row) => row.topology_id === null,
    async created(tx, row) {
      if (row.mac_address !== null) return;
      const address = range * 0x100_0000 + (row.id % 0x100_0000);
      await tx.update<Relation>(kind, row.id, { mac_address: address });
    },
    async view(reader, rows) {
      const leases = await firstLeasesOf(
        reader,
        rows.map((row) => row.interface_id),
      );
      return rows.map((row) => ({
        // A number here, unlike anywhere else: so does the original.
        mac_address: row.mac_address,
        mac_address_id: row.mac_address === null ? null : row.id,
        ip_lease_id: row.ip_lease_id ?? leases.get(row.interface_id ?? 0)?.id ?? null,
      }));
    },
  };
  // It uses nothing but the columns that both have.
  return shared as unknown as Behaviour<K>;
}

/** An address of the group that the settings name, if they name one. */
export async function macOfSettings(reader: Reader, { datapathMacGroup }: Surroundings): Promise<number | null> {
  if (!datapathMacGroup) return null;
  const group = await reader.byUuid('mac_range_group', datapathMacGroup);
  if (group) return (await drawMac(reader, group.id)) ?? null;
  const command = addCommand('mac_range_group', `--uuid ${datapathMacGroup}`);
  throw new ApiError('argument', `the setting datapath-mac-group names ${datapathMacGroup}, which does not exist`, {
    hint: `Use: ${command}`,
  });
}

/** The interface by which the host of a datapath reaches other hosts, if one is registered. */
async function hostInterfaceOf(reader: Reader, datapathId: number): Promise<number | null> {
  const port = (
    await reader.find('interface_port', { datapath_id: datapathId, interface_mode: 'host' }, { limit: 1 })
  )[0];
  return port?.interface_id ?? null;
}
