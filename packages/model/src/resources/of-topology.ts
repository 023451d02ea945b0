import { reference } from '../field.ts';

const own = { show: ['id'], optional: true, immutable: true, derived: true } as const;

/** What a relation of a datapath says of the topology that has made it. */
export const ofTopology = {
  ip_lease_uuid: reference({ ...own, to: 'ip_lease', doc: 'The address of the host, if a topology has chosen it.' }),
  topology_uuid: reference({ ...own, to: 'topology', doc: 'The topology that created the relation, if one did.' }),
  topology_layer_uuid: reference({
    ...own,
    to: 'topology_layer',
    doc: 'The layer through which the topology created the relation.',
  }),
  topology_mac_range_group_uuid: reference({
    ...own,
    to: 'topology_mac_range_group',
    doc: 'The group of ranges that the MAC address is from.',
  }),
};
