import { macAddress, reference } from '../field.ts';
import { resource } from '../resource.ts';

export const routeLink = resource({
  kind: 'route_link',
  plural: 'route_links',
  model: 'RouteLink',
  idPrefix: 'rl',
  doc: 'A logical router: it joins the routes that name it.',
  fields: {
    mac_address: macAddress({
      optional: true,
      immutable: true,
      doc: 'Kept for older clients; routing needs no address of the router itself.',
    }),
  },
  parameters: {
    topology_uuid: reference({ to: 'topology', optional: true, doc: 'The topology to which it is added.' }),
  },
});
