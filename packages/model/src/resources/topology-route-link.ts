import { reference } from '../field.ts';
import { resource } from '../resource.ts';

export const topologyRouteLink = resource({
  kind: 'topology_route_link',
  plural: 'topology_route_links',
  model: 'TopologyRouteLink',
  doc: 'A logical router of a topology.',
  nested: { of: 'topology', name: 'route_links', with: 'route_link', lists: 'relations' },
  fields: {
    topology_uuid: reference({ to: 'topology', show: ['id'], immutable: true, doc: 'The topology.' }),
    route_link_uuid: reference({ to: 'route_link', show: ['id'], immutable: true, doc: 'The logical router.' }),
  },
  unique: [{ columns: ['topology_id', 'route_link_id'], error: 'relationExists' }],
});
