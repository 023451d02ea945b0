import { reference } from '../field.ts';
import { resource } from '../resource.ts';

export const topologyNetwork = resource({
  kind: 'topology_network',
  plural: 'topology_networks',
  model: 'TopologyNetwork',
  doc: 'A network of a topology.',
  nested: { of: 'topology', name: 'networks', with: 'network', lists: 'relations' },
  fields: {
    topology_uuid: reference({ to: 'topology', show: ['id'], immutable: true, doc: 'The topology.' }),
    network_uuid: reference({ to: 'network', show: ['id'], immutable: true, doc: 'The network.' }),
  },
  unique: [{ columns: ['topology_id', 'network_id'], error: 'relationExists' }],
});
