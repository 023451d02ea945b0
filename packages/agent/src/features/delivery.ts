import { feature } from '../engine/feature.ts';
import { load, outputTo, priority } from '../pipeline/flow.ts';

/** Delivery: a MAC address, in each network that its interface has an address in, to the port. */
export const delivery = feature({
  name: 'delivery',
  doc: 'Delivers frames to the port of their destination.',
  cookie: 4,
  source: { of: 'mac_lease' },
  select: (view, id) => {
    const [...here] = view.where('attachment', 'mac_lease_id', id);
    const [first] = here;
    if (!first || first.port === null) return undefined;
    return {
      mac: first.mac,
      port: first.port,
      networks: new Set(here.map(({ network_id }) => network_id)),
      next: first.filtered ? ('ingress_track' as const) : ('output' as const),
    };
  },
  flows: ({ mac, port, networks, next }) =>
    [...networks].map((network) => ({
      table: 'forward',
      priority: priority.normal,
      match: { network, eth_dst: mac },
      actions: [load('out_port', port)],
      next,
    })),
  always: [{ table: 'output', priority: priority.normal, match: {}, actions: [outputTo('out_port')] }],
});
