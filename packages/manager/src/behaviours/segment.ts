import type { Behaviour } from './behaviour.ts';
import { joinTopology } from './topology.ts';

export const segment: Behaviour<'segment'> = {
  created: joinTopology('segment'),
};
