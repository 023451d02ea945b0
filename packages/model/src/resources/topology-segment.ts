import { reference } from '../field.ts';
import { resource } from '../resource.ts';

export const topologySegment = resource({
  kind: 'topology_segment',
  plural: 'topology_segments',
  model: 'TopologySegment',
  doc: 'A segment of a topology.',
  nested: { of: 'topology', name: 'segments', with: 'segment', lists: 'relations' },
  fields: {
    topology_uuid: reference({ to: 'topology', show: ['id'], immutable: true, doc: 'The topology.' }),
    segment_uuid: reference({ to: 'segment', show: ['id'], immutable: true, doc: 'The segment.' }),
  },
  unique: [{ columns: ['topology_id', 'segment_id'], error: 'relationExists' }],
});
