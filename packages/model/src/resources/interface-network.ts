import { boolean, reference } from '../field.ts';
import { resource } from '../resource.ts';

export const interfaceNetwork = resource({
  kind: 'interface_network',
  plural: 'interface_networks',
  model: 'InterfaceNetwork',
  doc: 'The membership of an interface in a network: through its leases or routes, or by request (static).',
  nested: { of: 'interface', name: 'networks', with: 'network', operations: 'set', lists: 'relations' },
  fields: {
    interface_uuid: reference({ to: 'interface', show: ['id'], immutable: true, doc: 'The interface.' }),
    network_uuid: reference({ to: 'network', show: ['id'], immutable: true, doc: 'The network.' }),
    static: boolean({ default: false, doc: 'Whether the membership stays without a lease or route.' }),
  },
  unique: [{ columns: ['interface_id', 'network_id'], error: 'relationExists' }],
});
