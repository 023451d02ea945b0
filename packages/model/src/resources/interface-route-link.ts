import { boolean, reference } from '../field.ts';
import { resource } from '../resource.ts';

export const interfaceRouteLink = resource({
  kind: 'interface_route_link',
  plural: 'interface_route_links',
  model: 'InterfaceRouteLink',
  doc: 'The membership of an interface in a logical router: through its leases or routes, or by request (static).',
  nested: { of: 'interface', name: 'route_links', with: 'route_link', operations: 'set', lists: 'relations' },
  fields: {
    interface_uuid: reference({ to: 'interface', show: ['id'], immutable: true, doc: 'The interface.' }),
    route_link_uuid: reference({ to: 'route_link', show: ['id'], immutable: true, doc: 'The logical router.' }),
    static: boolean({ default: false, doc: 'Whether the membership stays without a lease or route.' }),
  },
  unique: [{ columns: ['interface_id', 'route_link_id'], error: 'relationExists' }],
});
