import { boolean, reference } from '../field.ts';
import { resource } from '../resource.ts';

export const interfaceRouteLink = resource({
  kind: 'interface_route_link',
  plural: 'interface_route_links',
  model: 'InterfaceRouteLink',
  doc: 'That an interface is part of a logical router: by its leases or routes, or because that was asked for (static).',
  nested: { of: 'interface', name: 'route_links', with: 'route_link', operations: 'set', lists: 'relations' },
  fields: {
    interface_uuid: reference({ to: 'interface', show: ['id'], immutable: true, doc: 'The interface.' }),
    route_link_uuid: reference({ to: 'route_link', show: ['id'], immutable: true, doc: 'The logical router.' }),
    static: boolean({ default: false, doc: 'Whether it stays without a lease or route.' }),
  },
  unique: [{ columns: ['interface_id', 'route_link_id'], error: 'relationExists' }],
});
