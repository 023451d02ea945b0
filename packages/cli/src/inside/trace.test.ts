import type { TraceAnswer, TraceLeg } from '@openvnet/model';
import { expect, it } from 'vitest';
import { traceText } from './trace.ts';

const io = { out: () => undefined, err: () => undefined, fancy: false, env: {} };
const leg: TraceLeg = {
  title: 'packet',
  datapath_uuid: 'dp-1',
  node: 'h1',
  packet: {},
  steps: [],
  arrived: true,
  verdict: 'sent to dp-2',
  blocked_by: null,
  cause: null,
  live: null,
};
const answer: TraceAnswer = {
  datapath_uuid: 'dp-2',
  delivered: false,
  verdict: 'nobody has it',
  legs: [leg, { ...leg, title: 'out of the tunnel', datapath_uuid: 'dp-2', node: 'h2', verdict: 'nobody has it' }],
  against: ['the link is down'],
  notes: [],
};

it('names the host of each part, and each fact once', () => {
  expect(traceText(io, answer)).toBe(
    [
      'dp-1 (h1): packet',
      '  = sent to dp-2',
      'dp-2 (h2): out of the tunnel',
      '  = nobody has it',
      'does not arrive (on dp-2): nobody has it',
      'the link is down',
    ].join('\n'),
  );
  const { legs } = answer;
  const one = { ...answer, legs: [legs[0]!], verdict: 'the link is down; by its flows alone it would be delivered' };
  expect(traceText(io, one)).toBe(
    'packet\n  = sent to dp-2\ndoes not arrive (on dp-2): the link is down; by its flows alone it would be delivered',
  );
});
