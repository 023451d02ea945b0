import { reference } from '../field.ts';
import { resource } from '../resource.ts';

export const leasePolicyIpRetentionContainer = resource({
  kind: 'lease_policy_ip_retention_container',
  plural: 'lease_policy_ip_retention_containers',
  model: 'LeasePolicyIpRetentionContainer',
  doc: 'A container that limits the lifetime of the leases of a lease policy.',
  nested: { of: 'lease_policy', name: 'ip_retention_containers', with: 'ip_retention_container', answers: 'other' },
  fields: {
    lease_policy_uuid: reference({ to: 'lease_policy', show: ['id'], immutable: true, doc: 'The policy.' }),
    ip_retention_container_uuid: reference({
      to: 'ip_retention_container',
      show: ['id'],
      immutable: true,
      doc: 'The container.',
    }),
  },
  unique: [{ columns: ['lease_policy_id', 'ip_retention_container_id'], error: 'relationExists' }],
});
