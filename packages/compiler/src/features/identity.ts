import { feature } from '../engine/feature.ts';
import type { Taken } from '../engine/says.ts';
import { ethernet, type Flow, priority } from '../pipeline/flow.ts';
import { toEveryone } from './dhcp-packets.ts';
import { isAcrossWire, isGatewayElsewhere } from './edges.ts';

/**
 * Whose an address is: where stations are that the model does not know, none of them may send from an address that has been
 * leased, whether to a guest, to the host or to a gateway. Those outside may not send from its MAC address either; a guest of a
 * segment is held to its own by `segment`, and who has the lease to all of it by `guard`. Packets
 * from 0.0.0.0 are dropped, except broadcast DHCP requests; RFC 1122, 3.2.1.3.
 */
export const identity = feature({
  name: 'identity',
  doc: 'Drops packets from leased addresses that other stations send, and packets from 0.0.0.0.',
  cookie: 15,
  says: {
    uplink: ofAnother,
    identity: (taken) =>
      taken.next ? 'no interface has its IP address; the sender is filtered' : addressOfAnother.says(taken),
    dispatch: ({ next }) =>
      next ? 'a DHCP request to everybody' : 'from 0.0.0.0, guests may send broadcast DHCP requests only',
  },
  source: { of: 'attachment' },
  select: (view, id) => {
    const { domain_id, interface_id, mac, ip } = view.get('attachment', id)!;
    if (!view.get('open_domain', domain_id) || isGatewayElsewhere(view, domain_id, interface_id)) return undefined;
    return isAcrossWire(view, domain_id, interface_id) ? undefined : { domain_id, mac, ip };
  },
  flows: (address) => addressOfAnother.flows(address),
  always: [
    { table: 'identity', priority: priority.normal, match: { filtered: 1 }, next: 'egress_filter' },
    // In `dispatch`, because it sees the packets of every sender: guests that are routers, stations outside and the host as well.
    { table: 'dispatch', priority: priority.urgent, match: { eth_type: ethernet.ipv4, ipv4_src: 0 } },
    { table: 'dispatch', priority: priority.urgent + 1, match: { ...toEveryone, ipv4_src: 0 }, next: 'forward' },
  ],
});

/** That an address belongs to one interface, in flows and in words. */
export const addressOfAnother = {
  flows: ({ domain_id: domain, mac, ip }: { domain_id: number; mac: number; ip: number }): Flow[] => [
    macOfAnother(domain, mac),
    { table: 'identity', priority: priority.high, match: { domain, eth_type: ethernet.ipv4, ipv4_src: ip } },
    { table: 'identity', priority: priority.high, match: { domain, eth_type: ethernet.arp, arp_spa: ip } },
  ],
  says: ({ interface_uuid, before }: Taken): string =>
    `${interface_uuid} has ${before.ipv4_src ?? before.arp_spa}: nobody else in ${before.domain} may send from it`,
};

/** No station outside sends from this MAC address. */
export function macOfAnother(domain: number, mac: number): Flow {
  return { table: 'uplink', priority: priority.high + 1, match: { domain, eth_src: mac } };
}

/** Why a station outside may not use a MAC address. */
export function ofAnother({ interface_uuid, before }: Taken): string {
  return `${before.eth_src} belongs to ${interface_uuid}: no station outside may send from it`;
}
