import { feature } from '../engine/feature.ts';
import { ethernet, load, priority } from '../pipeline/flow.ts';

/** Sender guard: a port may send only from the MAC and IP addresses that its interface has leased, ARP included. */
export const guard = feature({
  name: 'guard',
  doc: 'Takes frames whose sender uses its own addresses into the network of the address.',
  cookie: 1,
  source: { of: 'attachment' },
  select: (view, id) => {
    const { port, mac, ip, network_id, filtered } = view.get('attachment', id)!;
    return port === null
      ? undefined
      : { port, mac, ip, network: network_id, next: filtered ? ('egress_filter' as const) : ('dispatch' as const) };
  },
  flows: ({ port, mac, ip, network, next }) => [
    {
      table: 'admit',
      priority: priority.normal,
      match: { in_port: port, eth_src: mac, eth_type: ethernet.ipv4, ipv4_src: ip },
      actions: [load('network', network)],
      next,
    },
    {
      table: 'admit',
      priority: priority.normal,
      match: { in_port: port, eth_src: mac, eth_type: ethernet.arp, arp_sha: mac, arp_spa: ip },
      actions: [load('network', network)],
      next,
    },
  ],
  // Guests send IPv6 by themselves; it is not carried, and is no sign of a wrong address.
  always: [{ table: 'admit', priority: priority.high, match: { eth_type: ethernet.ipv6 } }],
});
