import { oneOf } from '../field.ts';
import { resource } from '../resource.ts';

export const ipRangeGroup = resource({
  kind: 'ip_range_group',
  plural: 'ip_range_groups',
  model: 'IpRangeGroup',
  idPrefix: 'iprg',
  doc: 'Ranges of IPv4 addresses from which lease policies allocate.',
  fields: {
    allocation_type: oneOf(['incremental', 'decremental', 'random'], {
      default: 'incremental',
      doc: 'Which free address is allocated: the lowest, the highest, or a random one.',
    }),
  },
});
