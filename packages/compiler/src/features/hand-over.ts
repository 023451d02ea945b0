import { feature } from '../engine/feature.ts';
import { priority, underMeter } from '../pipeline/flow.ts';

/** All that the agent is to see: each port's under its own meter, so that none can crowd out others. */
export const handOver = feature({
  name: 'hand_over',
  doc: 'Punts the packets of a port to the agent, up to its rate limit.',
  cookie: 20,
  says: {
    hand_over: ({ before }) => `goes to the agent: ${before.reason}`,
  },
  source: { of: 'port', by: 'meter' },
  select: (_, meter) => meter,
  flows: (meter) => [{ table: 'hand_over', priority: priority.normal, ...underMeter(meter) }],
});
