import { oneOf } from '../field.ts';
import { resource } from '../resource.ts';

export const topology = resource({
  kind: 'topology',
  plural: 'topologies',
  model: 'Topology',
  idPrefix: 'topo',
  doc: 'Puts its networks, segments and route links on its datapaths, so that nobody has to do it one by one.',
  fields: {
    mode: oneOf(['simple_underlay', 'simple_overlay'], {
      immutable: true,
      doc: 'What it is: the datapaths with their host interfaces, or what lies over such underlays.',
    }),
  },
  emptyChange: true,
  ignoredChanges: ['mode'],
});
