import { resource } from '../resource.ts';

export const ipLeaseContainer = resource({
  kind: 'ip_lease_container',
  plural: 'ip_lease_containers',
  model: 'IpLeaseContainer',
  idPrefix: 'ilc',
  doc: 'A container for the IP leases that its lease policies allocate.',
  fields: {},
  emptyChange: true,
});
