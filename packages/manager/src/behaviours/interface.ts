import { ApiError, freshUuid, type RowOf } from '@openvnet/model';
import type { Transaction } from '@openvnet/store';
import type { Given } from '../api/endpoint.ts';
import { requireUuid } from '../api/parameters.ts';
import { recordOf } from '../api/record.ts';
import { mapInOrder } from '../in-order.ts';
import type { Behaviour } from './behaviour.ts';
import { drawMac } from './free-addresses.ts';
import { interfaceFindings, refusedNotes } from './interface-findings.ts';
import { interfaceView } from './interface-view.ts';
import { requireInNetwork } from './ip-lease.ts';

/** What the request for a new interface may hold of what is made along with it. */
interface Along {
  readonly owner_datapath_id?: number;
  readonly network_id?: number;
  readonly segment_id?: number;
  readonly mac_range_group_id?: number;
  readonly ipv4_address?: number;
  readonly mac_address?: number;
  readonly port_name?: string;
}

export const iface: Behaviour<'interface'> = {
  async complete(tx, values, more: Given & Along) {
    const { network_id, segment_id, ipv4_address } = more;
    const network = network_id === undefined ? undefined : (await tx.get('network', network_id))!;
    if (segment_id !== undefined && network?.segment_id != null && network.segment_id !== segment_id) {
      const [given, its] = await mapInOrder(
        [segment_id, network.segment_id],
        async (id) => (await tx.get('segment', id))!.uuid,
      );
      throw new ApiError('invalidId', `segment_uuid ${given} is not the segment of ${network.uuid}, which is ${its}`);
    }
    if (ipv4_address === undefined) return values;
    if (!network) throw new ApiError('missingArgument', 'network_uuid');
    if (ipv4_address !== 0) requireInNetwork(network, ipv4_address);
    return values;
  },

  async created(tx, row, more: Given & Along) {
    await makePort(tx, row, more);
    const network = more.network_id === undefined ? undefined : await tx.get('network', more.network_id);
    const mac_address =
      more.mac_address ??
      (more.mac_range_group_id === undefined ? undefined : await drawMac(tx, more.mac_range_group_id));
    const macLease =
      mac_address === undefined
        ? undefined
        : await tx.insert('mac_lease', {
            uuid: freshUuid('ml'),
            interface_id: row.id,
            mac_address,
            segment_id: network?.segment_id ?? more.segment_id ?? null,
          });
    if (more.network_id === undefined || more.ipv4_address === undefined) return;
    // No route can be of an interface that is only being made.
    await tx.insert('ip_lease', {
      uuid: freshUuid('il'),
      enable_routing: false,
      network_id: more.network_id,
      ipv4_address: more.ipv4_address,
      mac_lease_id: macLease?.id ?? null,
      interface_id: row.id,
    });
  },

  async changed(tx, row, { owner_datapath_id }: Given & Along) {
    if (owner_datapath_id === undefined) return;
    const port = (await tx.find('interface_port', { interface_id: row.id }, { limit: 1 }))[0];
    if (port) await tx.update('interface_port', port.id, { datapath_id: owner_datapath_id, singular: true });
    else await makePort(tx, row, { owner_datapath_id });
  },

  actions: {
    async rename(tx, row, { new_uuid }: Given & { readonly new_uuid?: string }) {
      const uuid = requireUuid('interface', new_uuid!, 'new_uuid');
      if (uuid !== row.uuid && (await tx.byUuid('interface', uuid))) throw new ApiError('duplicateUuid', uuid);
      return await recordOf(tx, 'interface', await tx.update('interface', row.id, { uuid }));
    },
  },

  view: interfaceView,
  findings: interfaceFindings,
  askHosts: refusedNotes,
};

async function makePort(
  tx: Transaction,
  row: RowOf<'interface'>,
  { owner_datapath_id, port_name }: Along,
): Promise<void> {
  // As in 2013, a guest's uuid is the name of its port unless another name is given.
  const name = port_name ?? (row.mode === 'vif' ? row.uuid : null);
  await tx.insert('interface_port', {
    interface_id: row.id,
    datapath_id: owner_datapath_id ?? null,
    port_name: name,
    singular: owner_datapath_id !== undefined || name !== null ? true : null,
    interface_mode: row.mode,
  });
}
