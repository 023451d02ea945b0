import { ipv4Address, reference } from '../field.ts';
import { resource } from '../resource.ts';

export const ipRange = resource({
  kind: 'ip_range',
  plural: 'ip_ranges',
  model: 'IpRange',
  idPrefix: 'ipr',
  doc: 'A range of IPv4 addresses.',
  nested: { of: 'ip_range_group', name: 'ip_ranges' },
  fields: {
    ip_range_group_uuid: reference({ to: 'ip_range_group', show: ['id'], immutable: true, doc: 'The group.' }),
    begin_ipv4_address: ipv4Address({ numeric: true, immutable: true, doc: 'The first address of the range.' }),
    end_ipv4_address: ipv4Address({ numeric: true, immutable: true, doc: 'The last address of the range.' }),
  },
});
