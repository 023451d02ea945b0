import { onDatapath } from './on-datapath.ts';

export const datapathSegment = onDatapath({
  kind: 'segment',
  model: 'Segment',
  noun: 'segment',
  address: "Address of the segment's broadcasts between hosts.",
});
