import { shell } from '@openvnet/model';
import { decodeArp, decodeEthernet, ipv4ToText } from '@openvnet/packet';
import { type Answer, feature, type Lookup } from '../engine/feature.ts';
import { ethernet, handOver, isWithin } from '../pipeline/flow.ts';

const request = 1;
/** After all who might answer. */
const last = 1;

/** ARP requests that nobody answers: a few go to the agent, which keeps the newest of each guest in words. */
export const unanswered = feature({
  name: 'unanswered',
  doc: 'Records ARP requests for unknown addresses.',
  cookie: 27,
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
  // Of what a guest asks for in vain the newest is enough.
  limit: { burst: 2, perSecond: 2 },
});

function note({ port, frame }: Parameters<Answer>[0], lookup: Lookup): [] {
  const { spa, tpa } = decodeArp(decodeEthernet(frame).payload);
  for (const { id } of lookup.where('binding', 'port', port)) {
    const lease = lookup.where('ip_lease', 'interface_id', id).find(({ ipv4_address }) => ipv4_address === spa);
    const network = lease && lookup.get('network', lease.network_id);
    if (network) lookup.notice(id, inVain(tpa, network));
  }
  return [];
}

function inVain(
  target: number,
  { uuid, ipv4_network, ipv4_prefix }: { uuid: string; ipv4_network: number; ipv4_prefix: number },
): string {
  const address = ipv4ToText(target);
  if (!isWithin(target, ipv4_network, ipv4_prefix))
    return `asks for ${address}, which is outside ${uuid} (${ipv4ToText(ipv4_network)}/${ipv4_prefix}): netmask or route inside the guest`;
  const command = shell`vnctl interface add --network-uuid ${uuid} --ipv4-address ${address}`;
  return `asks for ${address}, which nobody in ${uuid} has. Use: ${command}`;
}
