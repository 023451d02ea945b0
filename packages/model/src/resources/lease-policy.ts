import { oneOf, text } from '../field.ts';
import { resource } from '../resource.ts';

export const leasePolicy = resource({
  kind: 'lease_policy',
  plural: 'lease_policies',
  model: 'LeasePolicy',
  idPrefix: 'lp',
  doc: 'Allocates addresses of its networks to the interfaces that are added to it.',
  fields: {
    timing: oneOf(['immediate', 'dhcp'], {
      default: 'immediate',
      doc: 'When to allocate: `immediate`, as soon as an interface is added. `dhcp` is accepted, but allocates nothing yet.',
    }),
    mode: oneOf(['simple'], { default: 'simple', immutable: true, doc: 'Kind of policy.' }),
  },
  actions: {
    ip_leases: {
      method: 'POST',
      doc: 'Allocates an address without an interface.',
      parameters: {
        ip_lease_uuid: text({
          optional: true,
          placeholder: 'UUID',
          doc: 'Uuid of the new lease; random if not given.',
        }),
        label: text({ optional: true, doc: 'Only lease containers with this label hold the lease.' }),
      },
      answers: 'ip_lease',
    },
  },
});
