import { integer, ipv4Address, reference } from '../field.ts';
import { resource } from '../resource.ts';

const port = { min: 1, max: 65_535, optional: true, immutable: true } as const;

export const translationStaticAddress = resource({
  kind: 'translation_static_address',
  plural: 'translation_static_addresses',
  model: 'TranslationStaticAddress',
  doc: 'Maps an outside address (ingress) to an inside address (egress), for one port or all.',
  nested: {
    of: 'translation',
    name: 'static_address',
    removedBy: ['ingress_ipv4_address', 'egress_ipv4_address'],
  },
  fields: {
    translation_uuid: reference({ to: 'translation', show: ['id'], immutable: true, doc: 'The translation.' }),
    ingress_ipv4_address: ipv4Address({ immutable: true, doc: 'The outside address, to which packets are sent.' }),
    egress_ipv4_address: ipv4Address({ immutable: true, doc: 'The inside address, that of the guest.' }),
    ingress_port_number: integer({ ...port, doc: 'The outside port; all ports if not given.' }),
    egress_port_number: integer({ ...port, doc: 'The inside port; all ports if not given.' }),
    ingress_network_uuid: reference({
      to: 'network',
      show: [],
      optional: true,
      immutable: true,
      doc: 'The outside network.',
    }),
    egress_network_uuid: reference({
      to: 'network',
      show: [],
      optional: true,
      immutable: true,
      doc: 'The inside network.',
    }),
    route_link_uuid: reference({
      to: 'route_link',
      optional: true,
      immutable: true,
      doc: 'The logical router to which the entry applies; any router if not given.',
    }),
  },
});
