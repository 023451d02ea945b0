import { reference } from '../field.ts';
import { resource } from '../resource.ts';

export const topologyMacRangeGroup = resource({
  kind: 'topology_mac_range_group',
  plural: 'topology_mac_range_groups',
  model: 'TopologyMacRangeGroup',
  doc: 'MAC addresses for the datapaths of a topology. The group that was added last is used.',
  nested: { of: 'topology', name: 'mac_range_groups', with: 'mac_range_group', lists: 'relations' },
  fields: {
    topology_uuid: reference({ to: 'topology', show: ['id'], immutable: true, doc: 'The topology.' }),
    mac_range_group_uuid: reference({ to: 'mac_range_group', show: ['id'], immutable: true, doc: 'The group.' }),
  },
  unique: [{ columns: ['topology_id', 'mac_range_group_id'], error: 'relationExists' }],
});
