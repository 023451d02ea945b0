import { macAddress, reference } from '../field.ts';
import { resource } from '../resource.ts';

export const macRange = resource({
  kind: 'mac_range',
  plural: 'mac_ranges',
  model: 'MacRange',
  idPrefix: 'mr',
  doc: 'A range of MAC addresses.',
  nested: { of: 'mac_range_group', name: 'mac_ranges' },
  fields: {
    mac_range_group_uuid: reference({ to: 'mac_range_group', show: ['id'], immutable: true, doc: 'The group.' }),
    begin_mac_address: macAddress({ numeric: true, immutable: true, doc: 'The first address of the range.' }),
    end_mac_address: macAddress({ numeric: true, immutable: true, doc: 'The last address of the range.' }),
  },
});
