import { encapsulations } from '@openvnet/model';
import { feature } from '../engine/feature.ts';
import { priority, underMeter } from '../pipeline/flow.ts';
import { meterOf } from '../pipeline/meters.ts';

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

/** What a tunnel brings for the agent, likewise; its meter may be one that a port has as well. */
export const tunnelHandOver = feature({
  name: 'tunnel_hand_over',
  doc: 'Punts packets that come out of a tunnel to the agent, up to the rate limit of the tunnel port.',
  cookie: 0x2c,
  says: handOver.says,
  source: { of: 'tunnel' },
  select: (view, id) => {
    const meter = meterOf(id);
    const others = encapsulations.flatMap((one) => view.where('tunnel', 'encapsulation', one));
    const first = Math.min(...others.map((one) => one.id).filter((one) => meterOf(one) === meter));
    return first === id && view.where('port', 'meter', meter).length === 0 ? meter : undefined;
  },
  flows: (meter) => [{ table: 'hand_over', priority: priority.normal, ...underMeter(meter) }],
});
