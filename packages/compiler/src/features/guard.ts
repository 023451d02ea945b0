import { feature } from '../engine/feature.ts';
import type { Taken } from '../engine/says.ts';
import { ethernet, type Flow, load, priority } from '../pipeline/flow.ts';

/**
 * Sender guard: a port may send only from the MAC and IP addresses that its interface has leased, ARP included. A guest that
 * is a router itself (`enable_routing`) may send IP packets for others.
 */
export const guard = feature({
  name: 'guard',
  doc: 'Accepts frames with the leased addresses of their port into the network of the lease.',
  cookie: 1,
  says: {
    admit: (taken) => {
      const { interface_uuid, match, sets } = taken;
      if (!sets.domain) return refusal(taken);
      return `${interface_uuid} may send from ${match.ipv4_src ?? match.arp_spa}; the packet is in ${sets.domain}`;
    },
  },
  source: { of: 'attachment' },
  select: (view, id) => {
    const { port, mac, ip, domain_id, filtered, routing } = view.get('attachment', id)!;
    if (port === null) return undefined;
    return {
      port,
      mac,
      ip,
      domain: domain_id,
      next: filtered ? ('egress_filter' as const) : ('dispatch' as const),
      routing,
    };
  },
  flows: ({ port, mac, ip, domain, next, routing }) => [
    {
      table: 'admit',
      priority: priority.normal,
      match: { in_port: port, eth_src: mac, eth_type: ethernet.ipv4, ipv4_src: ip },
      actions: [load('domain', domain)],
      next,
    },
    {
      table: 'admit',
      priority: priority.normal,
      match: { in_port: port, eth_src: mac, eth_type: ethernet.arp, arp_sha: mac, arp_spa: ip },
      actions: [load('domain', domain)],
      next,
    },
    ...(routing ? [anyAddress(port, mac, domain, next)] : []),
  ],
  // Guests send IPv6 by themselves; it is not carried, and is no sign of a wrong address.
  always: [{ table: 'admit', priority: priority.low + 1, match: { eth_type: ethernet.ipv6 } }],
});

function anyAddress(port: number, mac: number, domain: number, next: 'egress_filter' | 'dispatch'): Flow {
  const match = { in_port: port, eth_src: mac, eth_type: ethernet.ipv4 };
  return { table: 'admit', priority: priority.normal - 1, match, actions: [load('domain', domain)], next };
}

/** Why a frame is not taken in. */
export function refusal({ interface_uuid, before }: Taken): string {
  if (before.vlan_vid) return 'it has a VLAN tag; only untagged frames are carried';
  if (!interface_uuid) return 'this kind of frame is not carried';
  const used = `${before.eth_src}, ${before.ipv4_src ?? before.arp_spa}`;
  return `the guard refuses it: ${used} is no address of ${interface_uuid}`;
}
