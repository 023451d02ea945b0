import type { Behaviour } from './behaviour.ts';
import { joinTopology } from './topology.ts';

export const segment: Behaviour<'segment'> = {
  created: joinTopology('segment'),
  findings: (_facts, rows) =>
    rows.map(() => ({ waits_for: ['segments are not carried out by this version'], places: [] })),
};
