import { reference } from '../field.ts';
import { resource } from '../resource.ts';

export const topologyDatapath = resource({
  kind: 'topology_datapath',
  plural: 'topology_datapaths',
  model: 'TopologyDatapath',
  doc: 'A datapath of a topology, and how its host reaches the others.',
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
      doc: 'The address of the host; the first of the interface where not given.',
    }),
  },
  unique: [{ columns: ['topology_id', 'datapath_id'], error: 'relationExists' }],
});
