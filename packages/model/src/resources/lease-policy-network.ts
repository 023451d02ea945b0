import { reference } from '../field.ts';
import { resource } from '../resource.ts';

export const leasePolicyNetwork = resource({
  kind: 'lease_policy_network',
  plural: 'lease_policy_networks',
  model: 'LeasePolicyNetwork',
  doc: 'A network of a lease policy, with the ranges to allocate from. The first network with a free address is used.',
  nested: { of: 'lease_policy', name: 'networks', with: 'network', answers: 'parent' },
  fields: {
    lease_policy_uuid: reference({ to: 'lease_policy', show: ['id'], immutable: true, doc: 'The policy.' }),
    network_uuid: reference({ to: 'network', show: ['id'], immutable: true, doc: 'The network.' }),
    ip_range_group_uuid: reference({ to: 'ip_range_group', show: ['id'], immutable: true, doc: 'The ranges.' }),
  },
});
