import { boolean, oneOf, reference } from '../field.ts';
import { resource } from '../resource.ts';

export const translation = resource({
  kind: 'translation',
  plural: 'translations',
  model: 'Translation',
  idPrefix: 'tr',
  doc: 'Address translation at a routing interface with `enable_route_translation`.',
  fields: {
    interface_uuid: reference({
      to: 'interface',
      immutable: true,
      doc: 'The interface at which addresses are translated.',
    }),
    mode: oneOf(['static_address'], { immutable: true, doc: 'Kind of translation.' }),
    passthrough: boolean({ default: false, doc: 'What no entry translates may pass as it is.' }),
  },
});
