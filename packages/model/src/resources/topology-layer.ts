import { reference } from '../field.ts';
import { resource } from '../resource.ts';

export const topologyLayer = resource({
  kind: 'topology_layer',
  plural: 'topology_layers',
  model: 'TopologyLayer',
  doc: 'That a topology lies over another: what it has is put on the datapaths of the other.',
  nested: {
    of: 'topology',
    name: 'underlays',
    with: 'topology',
    roles: { of: 'overlay', with: 'underlay' },
  },
  fields: {
    overlay_uuid: reference({
      to: 'topology',
      show: ['id'],
      immutable: true,
      doc: 'The topology that lies over the other.',
    }),
    underlay_uuid: reference({ to: 'topology', show: ['id'], immutable: true, doc: 'The topology below.' }),
  },
  unique: [{ columns: ['overlay_id', 'underlay_id'], error: 'relationExists' }],
});
