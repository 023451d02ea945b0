import { feature } from '../engine/feature.ts';
import { segmentDomain } from '../pipeline/domain-numbers.ts';
import { load, outputTo, priority } from '../pipeline/flow.ts';
import { isAcrossWire } from './edges.ts';

/** Delivery: a MAC address, in its segment and in each network that its interface has an address in, to the port. */
export const delivery = feature({
  name: 'delivery',
  doc: 'Delivers frames to the port of their destination address.',
  cookie: 4,
  says: {
    forward: ({ interface_uuid, before, sets }) => `${before.eth_dst} is ${interface_uuid}, at port ${sets.out_port}`,
    output: ({ before }) => `leaves at port ${before.out_port}`,
  },
  source: { of: 'mac_lease' },
  select: (view, id) => {
    const { interface_id, mac_address: mac, segment_id } = view.get('mac_lease', id)!;
    const port = view.get('binding', interface_id)?.port;
    if (port == null) return undefined;
    const domains = new Set(view.where('attachment', 'mac_lease_id', id).map(({ domain_id }) => domain_id));
    const segment = segment_id === null ? undefined : segmentDomain(segment_id);
    if (segment !== undefined) domains.add(segment);
    const filtered = view.get('interface', interface_id)?.enable_filtering;
    for (const domain of domains) if (isAcrossWire(view, domain, interface_id)) domains.delete(domain);
    return { mac, port, domains, next: filtered ? ('ingress_filter' as const) : ('output' as const) };
  },
  flows: ({ mac, port, domains, next }) =>
    [...domains].map((domain) => ({
      table: 'forward',
      priority: priority.normal,
      match: { domain, eth_dst: mac },
      actions: [load('out_port', port)],
      next,
    })),
  always: [{ table: 'output', priority: priority.normal, match: {}, actions: [outputTo('out_port')] }],
});
