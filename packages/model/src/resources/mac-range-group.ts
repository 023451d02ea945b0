import { text } from '../field.ts';
import { resource } from '../resource.ts';

export const macRangeGroup = resource({
  kind: 'mac_range_group',
  plural: 'mac_range_groups',
  model: 'MacRangeGroup',
  idPrefix: 'mrg',
  doc: 'Ranges of MAC addresses from which random addresses are chosen.',
  fields: {
    allocation_type: text({ default: 'random', doc: 'Accepted for older clients; addresses are always random.' }),
  },
});
