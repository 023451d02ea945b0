import { macAddress, reference } from '../field.ts';
import { resource } from '../resource.ts';
import { ofTopology } from './of-topology.ts';

export const datapathSegment = resource({
  kind: 'datapath_segment',
  plural: 'datapath_segments',
  model: 'DatapathSegment',
  doc: 'A segment on a datapath: by which interface of the host it reaches other hosts. On one host nothing needs it.',
  nested: { of: 'datapath', name: 'segments', with: 'segment' },
  fields: {
    datapath_uuid: reference({ to: 'datapath', show: ['id'], immutable: true, doc: 'The datapath.' }),
    segment_uuid: reference({ to: 'segment', show: ['id'], immutable: true, doc: 'The segment.' }),
    interface_uuid: reference({
      to: 'interface',
      show: ['id'],
      optional: true,
      immutable: true,
      doc: 'The host interface of the datapath.',
    }),
    mac_address: macAddress({
      optional: true,
      immutable: true,
      doc: "Address of the segment's broadcasts between hosts.",
    }),
    ...ofTopology,
  },
  unique: [{ columns: ['datapath_id', 'segment_id'], error: 'relationExists' }],
});
