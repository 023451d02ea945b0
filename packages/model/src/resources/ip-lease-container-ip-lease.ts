import { reference } from '../field.ts';
import { resource } from '../resource.ts';

export const ipLeaseContainerIpLease = resource({
  kind: 'ip_lease_container_ip_lease',
  plural: 'ip_lease_container_ip_leases',
  model: 'IpLeaseContainerIpLease',
  doc: 'An IP lease in a container.',
  nested: { of: 'ip_lease_container', name: 'ip_leases', with: 'ip_lease', operations: 'list' },
  fields: {
    ip_lease_container_uuid: reference({
      to: 'ip_lease_container',
      show: ['id'],
      immutable: true,
      doc: 'The container.',
    }),
    ip_lease_uuid: reference({ to: 'ip_lease', show: ['id'], immutable: true, doc: 'The lease.' }),
  },
  unique: [{ columns: ['ip_lease_container_id', 'ip_lease_id'], error: 'relationExists' }],
});
