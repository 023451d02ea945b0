import { oneOf, reference } from '../field.ts';
import { resource } from '../resource.ts';

export const segment = resource({
  kind: 'segment',
  plural: 'segments',
  model: 'Segment',
  idPrefix: 'seg',
  doc: 'A network without addresses. Frames are forwarded by MAC address.',
  fields: {
    mode: oneOf(['physical', 'virtual'], {
      immutable: true,
      doc: '`virtual` (an overlay) or `physical` (the network of the hosts).',
    }),
  },
  parameters: {
    topology_uuid: reference({ to: 'topology', optional: true, doc: 'A topology to add it to.' }),
  },
});
