import { boolean, reference, text } from '../field.ts';
import { resource } from '../resource.ts';

export const leasePolicyInterface = resource({
  kind: 'lease_policy_interface',
  plural: 'lease_policy_interfaces',
  model: 'LeasePolicyInterface',
  doc: 'An interface to which a lease policy has allocated an address. The interface keeps the address if it is removed from the policy.',
  nested: { of: 'lease_policy', name: 'interfaces', with: 'interface', answers: 'parent' },
  fields: {
    lease_policy_uuid: reference({ to: 'lease_policy', show: ['id'], immutable: true, doc: 'The policy.' }),
    interface_uuid: reference({ to: 'interface', show: ['id'], immutable: true, doc: 'The interface.' }),
    label: text({ optional: true, immutable: true, doc: 'Only lease containers with this label hold the lease.' }),
  },
  parameters: {
    allocate: boolean({
      default: true,
      doc: 'Whether to allocate an address; false for an interface that has its leases.',
    }),
  },
});
