import { macAddress, reference } from '../field.ts';
import { resource } from '../resource.ts';

export const macLease = resource({
  kind: 'mac_lease',
  plural: 'mac_leases',
  model: 'MacLease',
  idPrefix: 'ml',
  doc: 'A MAC address of an interface. Each address belongs to one interface in the whole system.',
  fields: {
    interface_uuid: reference({ to: 'interface', doc: 'The interface.' }),
    segment_uuid: reference({
      to: 'segment',
      show: ['id'],
      optional: true,
      doc: 'The segment in which the address is used.',
    }),
    mac_address: macAddress({ unicast: true, immutable: true, doc: 'The address.' }),
  },
  unique: [{ columns: ['mac_address'], error: 'argument' }],
  ignoredChanges: ['uuid', 'mac_address'],
});
