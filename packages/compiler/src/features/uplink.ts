import { feature } from '../engine/feature.ts';
import { objectOfDomain } from '../pipeline/domain-numbers.ts';
import { ethernet, groupBit, load, priority } from '../pipeline/flow.ts';

/** Before what the guard refuses at the port; in networks after IPv6, which they do not carry. */
const admitted = { segment: priority.low + 2, network: priority.low + 1 } as const;

/** Uplinks: ports at which the stations of a network or segment outside send, whoever they are. */
export const uplink = feature({
  name: 'uplink',
  doc: 'Accepts frames from stations outside.',
  cookie: 10,
  says: {
    admit: ({ interface_uuid, sets }) => `from outside, by ${interface_uuid}; the packet is in ${sets.domain}`,
    uplink: ({ before }) => `no station can have MAC address ${before.eth_src}`,
  },
  source: { of: 'uplink' },
  select: (view, id) => view.get('uplink', id),
  flows: ({ port, domain_id }) => {
    const { kind } = objectOfDomain(domain_id);
    const types = kind === 'segment' ? [undefined] : [ethernet.ipv4, ethernet.arp];
    return types.map((eth_type) => ({
      table: 'admit' as const,
      priority: admitted[kind],
      match: { in_port: port, ...(eth_type !== undefined && { eth_type }) },
      actions: [load('domain', domain_id)],
      next: 'uplink' as const,
    }));
  },
  // Nobody has such an address.
  always: [
    { table: 'uplink', priority: priority.urgent, match: { eth_src: { value: groupBit, mask: groupBit } } },
    { table: 'uplink', priority: priority.urgent, match: { eth_src: 0 } },
  ],
});
