import { feature } from '../engine/feature.ts';
import { priority, toAgentMetered } from '../pipeline/flow.ts';
import { meterOf } from '../pipeline/meters.ts';

/** Requests of guests for services: to the agent, each port under its own meter, so that none can crowd out others. */
export const handOver = feature({
  name: 'hand_over',
  doc: "Hands a port's requests for services to the agent, at the rate that it may have.",
  cookie: 20,
  source: { of: 'binding' },
  select: (view, id) => {
    const { port } = view.get('binding', id)!;
    if (port === null) return undefined;
    const served = view
      .where('attachment', 'interface_id', id)
      .some(({ network_id }) =>
        view.where('station', 'network_id', network_id).some(({ dhcp, dns_port }) => dhcp || dns_port !== null),
      );
    return served ? port : undefined;
  },
  flows: (port) => [
    {
      table: 'hand_over',
      priority: priority.normal,
      match: { in_port: port },
      actions: [toAgentMetered(meterOf(port))],
    },
  ],
});
