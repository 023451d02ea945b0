import type { Behaviour } from './behaviour.ts';
import { relationOnDatapath } from './relation-on-datapath.ts';

/** The original has no range of its own for segments; this one is next to those that it has. */
export const datapathSegment: Behaviour<'datapath_segment'> = relationOnDatapath('datapath_segment', 0x009995);
