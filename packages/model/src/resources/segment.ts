import { oneOf, reference } from '../field.ts';
import { resource } from '../resource.ts';

export const segment = resource({
  kind: 'segment',
  plural: 'segments',
  model: 'Segment',
  idPrefix: 'seg',
  doc: 'A network without addresses: frames go by MAC address alone.',
  fields: {
    mode: oneOf(['physical', 'virtual'], {
      immutable: true,
      doc: 'What it is: `virtual` (an overlay) or `physical` (that of the hosts).',
    }),
  },
  parameters: {
    topology_uuid: reference({ to: 'topology', optional: true, doc: 'The topology to which it is added.' }),
  },
});
