import { shell } from '@openvnet/model';
import { decodeArp, decodeEthernet, ipv4ToText } from '@openvnet/packet';
import { type Answer, feature, type Lookup } from '../engine/feature.ts';
import type { Rows } from '../engine/relations.ts';
import { ethernet, handOver, isWithin } from '../pipeline/flow.ts';

const request = 1;
/** After all who might answer. */
const last = 1;

/** ARP requests that nobody answers: a few go to the agent, which keeps the newest of each guest in words. */
export const unanswered = feature({
  name: 'unanswered',
  doc: 'Records ARP requests for unknown addresses.',
  cookie: 27,
  says: {
    arp_answer: ({ before }) => `nobody here has ${before.target_ip}`,
  },
  source: { of: 'network' },
  select: () => undefined,
  flows: () => [],
  always: [
    {
      table: 'arp_answer',
      priority: last,
      match: { eth_type: ethernet.arp, arp_op: request },
      ...handOver('unanswered'),
    },
  ],
  answers: { unanswered: note },
  tells: { unanswered: ({ packet }) => ({ nobodyHas: Number(packet.arp_tpa) }) },
  // Of what a guest asks for in vain the newest is enough.
  limit: { burst: 2, perSecond: 2 },
});

function note({ port, frame }: Parameters<Answer>[0], lookup: Lookup): [] {
  const { spa, tpa } = decodeArp(decodeEthernet(frame).payload);
  for (const { id } of lookup.where('binding', 'port', port)) {
    const lease = lookup.where('ip_lease', 'interface_id', id).find(({ ipv4_address }) => ipv4_address === spa);
    const network = lease && lookup.get('network', lease.network_id);
    if (network) lookup.notice(id, inVain(tpa, network, lookup));
  }
  return [];
}

function inVain(target: number, network: Rows['network'], lookup: Lookup): string {
  const { uuid, ipv4_network, ipv4_prefix } = network;
  const address = ipv4ToText(target);
  if (!isWithin(target, ipv4_network, ipv4_prefix)) {
    const via = wayOut(target, network, lookup);
    const command = via && `. Use: ip route replace ${via.range} via ${via.gateway}`;
    return `asks for ${address}, which is outside ${uuid} (${rangeText(network)}): netmask or route inside the guest${command ?? ''}`;
  }
  const command = shell`vnctl interfaces add --network-uuid ${uuid} --ipv4-address ${address} --port-name PORT`;
  return `asks for ${address}, which nobody in ${uuid} has. Use: ${command}`;
}

/** The gateway of a network whose router leads to an address, and the range of the route that does. */
function wayOut(
  target: number,
  { id }: Rows['network'],
  lookup: Lookup,
): { range: string; gateway: string } | undefined {
  for (const { interface_id, ipv4_address } of lookup.where('ip_lease', 'network_id', id)) {
    if (interface_id === null) continue;
    const route = lookup
      .where('route', 'interface_id', interface_id)
      .flatMap(({ route_link_id }) => lookup.where('route', 'route_link_id', route_link_id))
      .find(({ ipv4_network, ipv4_prefix }) => isWithin(target, ipv4_network, ipv4_prefix));
    if (route) return { range: rangeText(route), gateway: ipv4ToText(ipv4_address) };
  }
  return undefined;
}

const rangeText = ({ ipv4_network, ipv4_prefix }: { readonly ipv4_network: number; readonly ipv4_prefix: number }) =>
  `${ipv4ToText(ipv4_network)}/${ipv4_prefix}`;
