import { reference } from '../field.ts';

const own = { show: ['id'], optional: true, immutable: true, derived: true } as const;

/** What a relation of a datapath says of the topology that has made it. */
export const ofTopology = {
  ip_lease_uuid: reference({ ...own, to: 'ip_lease', doc: 'The address of the host, where a topology has chosen it.' }),
  topology_uuid: reference({ ...own, to: 'topology', doc: 'The topology that has made it, if one has.' }),
  topology_layer_uuid: reference({ ...own, to: 'topology_layer', doc: 'The layer through which it did.' }),
  topology_mac_range_group_uuid: reference({
    ...own,
    to: 'topology_mac_range_group',
    doc: 'Where the MAC address is from.',
  }),
};
