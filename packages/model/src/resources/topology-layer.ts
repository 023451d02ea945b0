import { reference } from '../field.ts';
import { resource } from '../resource.ts';

export const topologyLayer = resource({
  kind: 'topology_layer',
  plural: 'topology_layers',
  model: 'TopologyLayer',
  doc: 'An overlay and its underlay: the networks, segments and route links of the overlay are added to the datapaths of the underlay.',
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
      doc: 'The overlay topology.',
    }),
    underlay_uuid: reference({ to: 'topology', show: ['id'], immutable: true, doc: 'The underlay topology.' }),
  },
  unique: [{ columns: ['overlay_id', 'underlay_id'], error: 'relationExists' }],
});
