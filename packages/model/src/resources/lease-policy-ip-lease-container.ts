import { reference, text } from '../field.ts';
import { resource } from '../resource.ts';

export const leasePolicyIpLeaseContainer = resource({
  kind: 'lease_policy_ip_lease_container',
  plural: 'lease_policy_ip_lease_containers',
  model: 'LeasePolicyIpLeaseContainer',
  doc: 'A container for the leases of a lease policy.',
  nested: { of: 'lease_policy', name: 'ip_lease_containers', with: 'ip_lease_container', answers: 'other' },
  fields: {
    lease_policy_uuid: reference({ to: 'lease_policy', show: ['id'], immutable: true, doc: 'The policy.' }),
    ip_lease_container_uuid: reference({
      to: 'ip_lease_container',
      show: ['id'],
      immutable: true,
      doc: 'The container.',
    }),
    label: text({ optional: true, immutable: true, doc: 'Selects the container for leases with this label.' }),
  },
  unique: [{ columns: ['lease_policy_id', 'ip_lease_container_id'], error: 'relationExists' }],
});
