import type { ShownFlow } from '@openvnet/model';
import type { TableName } from '../pipeline/tables.ts';

/** A flow that took a packet, and the registers and fields as they were when it did, by name. */
export interface Taken
  extends Pick<ShownFlow, 'match' | 'actions' | 'next' | 'feature' | 'object_uuid' | 'interface_uuid'> {
  readonly priority: number;
  readonly before: Readonly<Record<string, string>>;
}

/** What each table does with a packet, as people say it. Tables that are not here are described by their actions. */
const sentences: { readonly [T in TableName]?: (taken: Taken, loads: Readonly<Record<string, string>>) => string } = {
  admit: ({ match, feature, interface_uuid, before }, { domain }) => {
    if (feature === 'uplink') return `from outside, by ${interface_uuid}; the packet is in ${domain}`;
    if (feature === 'segment') return `${interface_uuid} may send from ${match.eth_src}; the packet is in ${domain}`;
    if (domain) return `${interface_uuid} may send from ${match.ipv4_src ?? match.arp_spa}; the packet is in ${domain}`;
    if (before.vlan_vid) return 'it has a VLAN tag; only untagged frames are carried';
    const used = `${before.eth_src}, ${before.ipv4_src ?? before.arp_spa}`;
    if (interface_uuid) return `the guard refuses it: ${used} is no address of ${interface_uuid}`;
    return feature === 'miss' ? `no interface is at port ${before.in_port}` : 'this kind of frame is not carried';
  },
  uplink: ({ next, interface_uuid, before }) => {
    if (next) return 'no interface on this switch has its MAC address';
    return interface_uuid
      ? `${interface_uuid} is on this switch: no station outside may send from ${before.eth_src}`
      : `no station can have MAC address ${before.eth_src}`;
  },
  identity: ({ next, interface_uuid, before }) => {
    if (next === 'egress_filter') return 'no interface on this switch has its IP address; the sender is filtered';
    if (next) return 'no interface on this switch has its IP address';
    return `${interface_uuid} has ${before.ipv4_src ?? before.arp_spa}: nobody else in ${before.domain} may send from it`;
  },
  dispatch: ({ next, feature, before }, { gateway, reason }) => {
    if (next === 'arp_answer') return `an ARP request for ${before.arp_tpa}`;
    if (next === 'route_in') return `it is for gateway ${gateway}`;
    if (next === 'translate_in') return `it is for gateway ${gateway}, which translates addresses`;
    if (reason === 'neighbour_heard') return 'a station announces its MAC address to the agent';
    if (reason) return 'it is for a service of the network';
    if (feature === 'identity' && !next) return 'from 0.0.0.0, guests may send broadcast DHCP requests only';
    if (!next) return `a DHCP offer: only the service of ${before.domain} may send offers`;
    return `it is for another interface of ${before.domain}`;
  },
  arp_answer: ({ feature, before }) =>
    feature === 'miss'
      ? 'nobody answers'
      : before.known
        ? `${before.target_ip} answers: it is at ${before.target_mac}`
        : `nobody here has ${before.target_ip}: the request is flooded in ${before.domain}`,
  neighbour: ({ feature, interface_uuid, before }, { target_mac }) =>
    feature === 'miss'
      ? `nobody in ${before.domain} has ${before.target_ip}`
      : `${before.target_ip} is ${interface_uuid ?? 'a station'} in ${before.domain}, at ${target_mac}`,
  route_in: ({ next, feature, object_uuid, match, before }, { route_link, reason }) => {
    if (next === 'echo') return `an echo request to gateway ${before.gateway} itself`;
    if (feature === 'miss') return `gateway ${before.gateway} belongs to no router`;
    if (route_link)
      return `${object_uuid}: from ${match.ipv4_src ?? 'anywhere'} into ${route_link} by ${before.gateway}`;
    if (reason === 'port_unreachable')
      return `it is for gateway ${before.gateway} itself, which takes echo requests only`;
    if (reason === 'network_unreachable') return `no route lets ${before.ipv4_src} in by ${before.gateway}`;
    return `it is for a service of gateway ${before.gateway}`;
  },
  route_out: ({ next, feature, object_uuid, interface_uuid, match, before }, { domain, too_large }) => {
    if (next === 'echo') return `an echo request to gateway ${interface_uuid} itself`;
    if (feature === 'miss') return `${before.route_link} has no route to ${before.ipv4_dst}`;
    if (!domain) return `it is for gateway ${interface_uuid} itself, which takes echo requests only`;
    return `${object_uuid} of ${before.route_link}: ${match.ipv4_dst ?? 'anywhere'} leaves to ${domain} by ${interface_uuid}${most(too_large)}`;
  },
  echo: () => 'turned into a reply to the sender',
  rewrite: ({ feature, next, before }, { reason }) => {
    if (!next) return `a DHCP offer: only the service of ${before.domain} may send offers`;
    if (reason === 'time_exceeded') return `its time to live has expired (${before.nw_ttl})`;
    if (feature === 'next_hop') return `the agent resolves the MAC address of ${before.target_ip} in ${before.domain}`;
    if (feature === 'path_mtu') return `it is larger than ${before.domain} takes`;
    if (feature === 'miss') return `the MAC address of ${before.target_ip} is not known`;
    return `time to live ${before.nw_ttl} is decremented; sent from ${before.gateway_mac} to ${before.target_mac}`;
  },
  forward: ({ feature, interface_uuid, before }, { out_port }) => {
    if (feature === 'miss') return `nobody in ${before.domain} has ${before.eth_dst}`;
    if (feature === 'strangers')
      return `nobody here has ${before.eth_dst}: it leaves ${before.domain} ${out_port ? `at port ${out_port}` : 'by an uplink'}`;
    return out_port ? `${before.eth_dst} is ${interface_uuid}, at port ${out_port}` : `a broadcast in ${before.domain}`;
  },
  leave: () => 'it may leave by its ingress port',
  translate_out: ({ feature, next, object_uuid, actions, before }) =>
    feature === 'miss'
      ? 'no address is translated'
      : actions.length > 0
        ? `${object_uuid} translates: ${actions.join(', ')}`
        : next
          ? `${object_uuid} lets it pass as it is`
          : `${object_uuid} translates addresses, and has no entry of ${before.ipv4_src}`,
  translate_in: ({ feature, next, object_uuid, actions, before }) =>
    feature === 'miss'
      ? `nothing translates ${before.ipv4_dst}`
      : actions.length > 0
        ? `${object_uuid} translates: ${actions.join(', ')}`
        : next
          ? `${object_uuid} lets it pass as it is`
          : `${object_uuid} translates addresses, and has no entry of ${before.ipv4_dst}`,
  learned: ({ feature, before, actions }) =>
    feature === 'learned'
      ? `${before.eth_dst} was last heard there: ${actions.join(', ')}`
      : `${before.eth_dst} has not been heard yet: ${actions.join(', ')}`,
  egress_filter: ({ interface_uuid }) => `${interface_uuid} is filtered: its rules decide what it may send`,
  ingress_filter: ({ interface_uuid }) => `${interface_uuid} is filtered: its rules decide what it may receive`,
  egress_rules: ({ next, feature, actions }) =>
    feature === 'miss'
      ? 'no rule lets it out'
      : next || actions.length > 0
        ? 'its rules let it out'
        : 'a rule drops it',
  ingress_rules: ({ next, feature, actions }) =>
    feature === 'miss' ? 'no rule lets it in' : next || actions.length > 0 ? 'its rules let it in' : 'a rule drops it',
  ingress_track: () => 'its connection is looked up',
  flood: ({ actions }) =>
    actions.some((action) => /^output|^ask/.test(action)) ? `copied: ${actions.join(', ')}` : 'to nobody',
  hand_over: ({ before }) => `goes to the agent: ${before.reason}`,
  output: ({ before }) => `leaves at port ${before.out_port}`,
};

/** What a check of its size says of a network. */
function most(check: string | undefined): string {
  return check === undefined ? '' : `, which takes up to ${check.replace('size>', '')} bytes`;
}

/** What a flow did with a packet, in words. */
export function said(table: string, taken: Taken): string {
  const loads = Object.fromEntries(
    taken.actions.filter((action) => action.includes('=')).map((action) => action.split('=', 2) as [string, string]),
  );
  const sentence = sentences[table as TableName];
  if (sentence) return sentence(taken, loads);
  return taken.actions.join(', ') || (taken.next ? 'goes on as it is' : 'dropped');
}
