import { macAddress, reference } from '../field.ts';
import { resource } from '../resource.ts';

export const routeLink = resource({
  kind: 'route_link',
  plural: 'route_links',
  model: 'RouteLink',
  idPrefix: 'rl',
  doc: 'A logical router. It joins the routes that refer to it.',
  fields: {
    mac_address: macAddress({
      optional: true,
      immutable: true,
      doc: 'Accepted for older clients; routing does not use it.',
    }),
  },
  parameters: {
    topology_uuid: reference({ to: 'topology', optional: true, doc: 'A topology to add it to.' }),
  },
});
