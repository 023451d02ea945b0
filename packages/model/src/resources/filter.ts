import { boolean, oneOf, reference } from '../field.ts';
import { resource } from '../resource.ts';

export const filter = resource({
  kind: 'filter',
  plural: 'filters',
  model: 'Filter',
  idPrefix: 'fil',
  doc: 'Restricts what an interface with `enable_filtering` sends and receives.',
  fields: {
    egress_passthrough: boolean({
      default: false,
      doc: 'Whether the interface may send packets that no rule matches.',
    }),
    ingress_passthrough: boolean({
      default: false,
      doc: 'Whether the interface may receive packets that no rule matches.',
    }),
    interface_uuid: reference({ to: 'interface', show: ['uuid'], immutable: true, doc: 'The interface.' }),
    mode: oneOf(['static'], { immutable: true, doc: 'Kind of rules.' }),
  },
});
