import { reference } from '../field.ts';
import { resource } from '../resource.ts';

export const topologyDatapath = resource({
  kind: 'topology_datapath',
  plural: 'topology_datapaths',
  model: 'TopologyDatapath',
  doc: 'A datapath of a topology, with the interface through which its host reaches others.',
  nested: { of: 'topology', name: 'datapaths', with: 'datapath', lists: 'relations' },
  fields: {
    topology_uuid: reference({ to: 'topology', show: ['id'], immutable: true, doc: 'The topology.' }),
    datapath_uuid: reference({ to: 'datapath', show: ['id'], immutable: true, doc: 'The datapath.' }),
    interface_uuid: reference({ to: 'interface', show: ['id'], immutable: true, doc: 'The host interface.' }),
    ip_lease_uuid: reference({
      to: 'ip_lease',
      show: ['id'],
      optional: true,
      immutable: true,
      doc: 'The address of the host; by default the first of the interface.',
    }),
  },
  unique: [{ columns: ['topology_id', 'datapath_id'], error: 'relationExists' }],
});
