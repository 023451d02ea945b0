import { boolean, reference } from '../field.ts';
import { resource } from '../resource.ts';

export const interfaceSegment = resource({
  kind: 'interface_segment',
  plural: 'interface_segments',
  model: 'InterfaceSegment',
  doc: 'The membership of an interface in a segment: through its leases or routes, or by request (static).',
  nested: { of: 'interface', name: 'segments', with: 'segment', operations: 'set', lists: 'relations' },
  fields: {
    interface_uuid: reference({ to: 'interface', show: ['id'], immutable: true, doc: 'The interface.' }),
    segment_uuid: reference({ to: 'segment', show: ['id'], immutable: true, doc: 'The segment.' }),
    static: boolean({ default: false, doc: 'Whether the membership stays without a lease or route.' }),
  },
  unique: [{ columns: ['interface_id', 'segment_id'], error: 'relationExists' }],
});
