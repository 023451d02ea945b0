import { boolean, oneOf, reference } from '../field.ts';
import { resource } from '../resource.ts';

export const filter = resource({
  kind: 'filter',
  plural: 'filters',
  model: 'Filter',
  idPrefix: 'fil',
  doc: 'Rules for what an interface with `enable_filtering` may send and receive.',
  fields: {
    egress_passthrough: boolean({ default: false, doc: 'What no rule decides may be sent.' }),
    ingress_passthrough: boolean({ default: false, doc: 'What no rule decides may be received.' }),
    interface_uuid: reference({ to: 'interface', show: ['uuid'], immutable: true, doc: 'The interface.' }),
    mode: oneOf(['static'], { immutable: true, doc: 'Kind of its rules.' }),
  },
});
