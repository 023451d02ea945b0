import { reference, time } from '../field.ts';
import { resource } from '../resource.ts';

export const ipRetention = resource({
  kind: 'ip_retention',
  plural: 'ip_retentions',
  model: 'IpRetention',
  doc: 'The times of an IP lease. The lease is released after the lease time, and deleted after the grace time.',
  nested: { of: 'ip_retention_container', name: 'ip_retentions', operations: 'list' },
  fields: {
    ip_lease_uuid: reference({ to: 'ip_lease', show: ['id'], immutable: true, doc: 'The lease.' }),
    ip_retention_container_uuid: reference({
      to: 'ip_retention_container',
      show: ['id'],
      immutable: true,
      doc: 'The container with the times.',
    }),
    leased_at: time({ immutable: true, doc: 'When the address was allocated.' }),
    released_at: time({ optional: true, immutable: true, doc: 'When the lease was released; null while it is held.' }),
  },
});
