import { boolean, oneOf, reference } from '../field.ts';
import { resource } from '../resource.ts';

export const translation = resource({
  kind: 'translation',
  plural: 'translations',
  model: 'Translation',
  idPrefix: 'tr',
  doc: 'Address translation at a gateway with `enable_route_translation`.',
  fields: {
    interface_uuid: reference({
      to: 'interface',
      immutable: true,
      doc: 'The gateway.',
    }),
    mode: oneOf(['static_address'], { immutable: true, doc: 'Kind of translation.' }),
    passthrough: boolean({ default: false, doc: 'Whether packets that no entry matches may pass untranslated.' }),
  },
});
