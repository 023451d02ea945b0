import { oneOf } from '../field.ts';
import { resource } from '../resource.ts';

export const topology = resource({
  kind: 'topology',
  plural: 'topologies',
  model: 'Topology',
  idPrefix: 'topo',
  doc: 'Adds its networks, segments and route links to its datapaths automatically.',
  fields: {
    mode: oneOf(['simple_underlay', 'simple_overlay'], {
      immutable: true,
      doc: '`simple_underlay` (datapaths with their host interfaces) or `simple_overlay` (on top of underlays).',
    }),
  },
  emptyChange: true,
  ignoredChanges: ['mode'],
});
