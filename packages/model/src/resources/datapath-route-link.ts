import { macAddress, reference } from '../field.ts';
import { resource } from '../resource.ts';
import { ofTopology } from './of-topology.ts';

export const datapathRouteLink = resource({
  kind: 'datapath_route_link',
  plural: 'datapath_route_links',
  model: 'DatapathRouteLink',
  doc: 'A logical router on a datapath: by which interface of the host it reaches other hosts. On one host nothing needs it.',
  nested: { of: 'datapath', name: 'route_links', with: 'route_link' },
  fields: {
    datapath_uuid: reference({ to: 'datapath', show: ['id'], immutable: true, doc: 'The datapath.' }),
    route_link_uuid: reference({ to: 'route_link', show: ['id'], immutable: true, doc: 'The logical router.' }),
    interface_uuid: reference({
      to: 'interface',
      show: ['id'],
      optional: true,
      immutable: true,
      doc: 'The host interface of the datapath.',
    }),
    mac_address: macAddress({ optional: true, immutable: true, doc: "The router's address on this host." }),
    ...ofTopology,
  },
  unique: [{ columns: ['datapath_id', 'route_link_id'], error: 'relationExists' }],
});
