import { oneOf, text } from '../field.ts';
import { resource } from '../resource.ts';

export const leasePolicy = resource({
  kind: 'lease_policy',
  plural: 'lease_policies',
  model: 'LeasePolicy',
  idPrefix: 'lp',
  doc: 'Gives addresses of its networks to the interfaces that are added to it.',
  fields: {
    timing: oneOf(['immediate', 'dhcp'], {
      default: 'immediate',
      doc: 'When: as soon as an interface is added; `dhcp` is kept and gives none yet.',
    }),
    mode: oneOf(['simple'], { default: 'simple', immutable: true, doc: 'Kind of policy.' }),
  },
  actions: {
    ip_leases: {
      method: 'POST',
      doc: 'Takes an address that belongs to no interface yet.',
      parameters: {
        ip_lease_uuid: text({
          optional: true,
          placeholder: 'UUID',
          doc: 'Name of the new lease; made up where not given.',
        }),
        label: text({ optional: true, doc: 'Only lease containers with this label hold the lease.' }),
      },
      answers: 'ip_lease',
    },
  },
});
