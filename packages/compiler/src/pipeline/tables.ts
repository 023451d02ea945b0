import type { RegisterName } from './registers.ts';

/** What rules of filters look at. */
const filterFields = [
  'ip_proto',
  'ipv4_src',
  'ipv4_dst',
  'tcp_src',
  'tcp_dst',
  'udp_src',
  'udp_dst',
  'arp_spa',
  'arp_tpa',
] as const;

/**
 * The tables of the switch, in the order in which packets meet them; numbers follow the order and appear nowhere else.
 * `match` are the fields and registers that a flow of the table may match, `writes` the registers that it may write, `next` the tables at which it may go on,
 * `calls` those it may ask (resubmit) and come back from, `miss` where a packet goes that no flow takes: to another
 * table, to the agent with a reason, or nowhere.
 */
export const tables = {
  admit: {
    doc: 'Accepts frames whose source addresses belong to their port, and determines the network or segment.',
    match: [
      'in_port',
      'vlan_vid',
      'eth_src',
      'eth_dst',
      'eth_type',
      'ipv4_src',
      'ipv4_dst',
      'arp_sha',
      'arp_spa',
      'ip_proto',
      'udp_src',
      'udp_dst',
    ],
    untagged: true,
    writes: ['domain', 'filtered', 'reason', 'meter'],
    next: ['from_peer', 'uplink', 'identity', 'egress_filter', 'dispatch', 'hand_over'],
    calls: [],
    miss: 'drop',
  },
  from_peer: {
    doc: 'Accepts frames that other hosts send through a tunnel, and determines the network or segment by the tunnel key.',
    match: ['in_port', 'tun_src', 'tun_ipv6_src'],
    writes: ['domain', 'from_peer'],
    next: ['resume'],
    calls: [],
    miss: 'drop',
  },
  resume: {
    doc: 'Continues the routing of packets that another host has left to this one, because this one has the uplink.',
    match: [
      ...['in_port', 'tun_src', 'tun_ipv6_src', 'domain', 'eth_dst'],
      ...['eth_type', 'ip_proto', 'icmpv4_type', 'icmpv4_code'],
    ],
    writes: ['route_link', 'gateway'],
    next: ['route_out', 'dispatch', 'forward'],
    calls: [],
    miss: 'forward',
  },
  uplink: {
    doc: 'Drops frames from outside with a MAC address that no station outside can have.',
    match: ['in_port', 'domain', 'eth_src', 'eth_dst', 'eth_type', 'arp_op', 'arp_spa', 'arp_tpa'],
    writes: ['reason', 'meter'],
    next: ['identity'],
    calls: ['hand_over'],
    miss: 'identity',
  },
  identity: {
    doc: 'Drops packets from an IP address that another interface has leased, for senders without leases.',
    match: ['domain', 'eth_type', 'ipv4_src', 'arp_spa', 'filtered'],
    writes: [],
    next: ['egress_filter', 'dispatch'],
    calls: [],
    miss: 'dispatch',
  },
  egress_filter: {
    doc: 'Finds the filter rules of the interface that sends.',
    filters: 'egress',
    match: ['in_port'],
    writes: ['filter', 'zone'],
    next: ['egress_rules'],
    calls: [],
    miss: 'drop',
  },
  egress_rules: {
    doc: 'Applies the filter rules to packets that an interface sends.',
    filters: 'egress',
    match: ['filter', 'domain', 'eth_dst', 'eth_type', 'ip_frag', ...filterFields],
    writes: [],
    next: ['dispatch'],
    calls: [],
    miss: 'drop',
  },
  dispatch: {
    doc: 'Separates ARP requests, packets to a gateway and other packets; drops packets from 0.0.0.0.',
    match: ['domain', 'eth_dst', 'eth_type', 'arp_op', 'ipv4_src', 'ipv4_dst', 'ip_proto', 'udp_src', 'udp_dst'],
    writes: ['gateway', 'reason', 'meter', 'target_ip', 'peer'],
    next: ['arp_answer', 'translate_in', 'route_in', 'forward', 'hand_over'],
    calls: ['neighbour', 'to_peer'],
    miss: 'forward',
  },
  arp_answer: {
    doc: 'Selects ARP requests for known addresses to be answered. Floods others only if the network may have stations outside.',
    match: ['domain', 'eth_type', 'arp_op', 'known'],
    writes: ['reason', 'meter'],
    next: ['forward', 'limit', 'hand_over'],
    calls: [],
    miss: 'drop',
  },
  translate_in: {
    doc: 'At a translating gateway, translates the outside destination address to the inside address.',
    translates: { by: 'gateway', address: 'ipv4_dst' },
    match: ['gateway', 'eth_type', 'ip_frag', 'ip_proto', 'ipv4_dst', 'tcp_dst', 'udp_dst', 'icmpv4_type'],
    writes: ['reason', 'meter', 'route_link'],
    next: ['fragments_in', 'route_in', 'route_out', 'hand_over'],
    calls: [],
    miss: 'drop',
  },
  fragments_in: {
    doc: 'Continues with incoming fragments that connection tracking has translated.',
    match: ['ct_state', 'route_link'],
    writes: [],
    next: ['route_in', 'route_out'],
    calls: [],
    miss: 'drop',
  },
  route_in: {
    doc: 'Selects the logical router by gateway and source address. Answers echo requests to the gateway.',
    match: [
      'gateway',
      'eth_type',
      'ipv4_src',
      'ipv4_dst',
      'ip_proto',
      'icmpv4_type',
      'icmpv4_code',
      'tcp_dst',
      'udp_dst',
    ],
    writes: ['reason', 'meter', 'route_link'],
    next: ['route_out', 'limit', 'hand_over'],
    calls: [],
    miss: 'drop',
  },
  route_out: {
    doc: 'Selects the next network by the longest prefix of the destination.',
    match: ['route_link', 'eth_type', 'ipv4_dst', 'ip_proto', 'icmpv4_type', 'icmpv4_code'],
    writes: ['domain', 'gateway_mac', 'reason', 'meter', 'target_ip', 'too_large', 'translator'],
    next: ['routed_size', 'limit', 'hand_over'],
    calls: ['neighbour'],
    miss: { agent: 'network_unreachable' },
  },
  limit: {
    doc: 'Limits the rate at which the switch answers the packets of a port, before they leave the datapath.',
    replies: true,
    match: ['in_port', 'meter', 'eth_type'],
    writes: [],
    next: ['answer'],
    calls: [],
    miss: 'answer',
  },
  answer: {
    doc: 'Turns an ARP request, or an echo request to a gateway, into a reply.',
    replies: true,
    match: ['eth_type', 'arp_op', 'known', 'ip_proto', 'icmpv4_type', 'icmpv4_code'],
    writes: ['target_ip', 'target_mac'],
    next: [],
    calls: [],
    miss: 'drop',
  },
  routed_size: {
    doc: 'Checks the size of a routed packet that the next network takes, and that goes to another host.',
    match: ['peer', 'too_large'],
    writes: ['too_large'],
    next: ['rewrite'],
    calls: [],
    miss: 'rewrite',
  },
  rewrite: {
    doc: 'Rewrites a routed packet for its next network: time to live and MAC addresses. Checks its size.',
    match: ['domain', 'eth_type', 'nw_ttl', 'ip_proto', 'udp_src', 'udp_dst', 'known', 'too_large', 'from_peer'],
    writes: ['reason', 'meter', 'peer'],
    next: ['translate_out', 'hand_over', 'peer_size'],
    calls: [],
    miss: { agent: 'host_unreachable' },
  },
  translate_out: {
    doc: 'At a translating gateway, translates the inside source address to the outside address.',
    translates: { by: 'translator', address: 'ipv4_src' },
    match: [
      'translator',
      'route_link',
      'eth_type',
      'ip_frag',
      'ip_proto',
      'ipv4_src',
      'tcp_src',
      'udp_src',
      'icmpv4_type',
    ],
    writes: ['reason', 'meter'],
    next: ['fragments_out', 'leave', 'hand_over'],
    calls: [],
    miss: 'leave',
  },
  fragments_out: {
    doc: 'Continues with outgoing fragments that connection tracking has translated.',
    match: ['ct_state'],
    writes: [],
    next: ['leave'],
    calls: [],
    miss: 'drop',
  },
  leave: {
    doc: 'Clears the ingress port of a routed packet, because the packet may leave by the same port.',
    match: ['from_peer'],
    writes: ['from_peer'],
    next: ['forward'],
    calls: [],
    miss: 'drop',
  },
  neighbour: {
    doc: 'Resolves an IP address of a network to a MAC address. A subroutine: the packet returns to the calling table.',
    match: ['domain', 'target_ip', 'eth_type'],
    writes: ['known', 'target_mac', 'peer'],
    next: [],
    calls: [],
    miss: 'drop',
  },
  forward: {
    doc: 'Resolves the destination MAC address in a network to a port or another host, or to all of them for a broadcast.',
    match: ['domain', 'eth_dst', 'eth_type', 'from_peer'],
    writes: ['flood_group', 'out_port', 'peer', 'reason', 'meter', 'too_large'],
    next: ['learned', 'ingress_filter', 'output', 'peer_size', 'hand_over'],
    calls: ['flood', 'peer_size', 'to_peer'],
    miss: 'drop',
  },
  learned: {
    doc: 'Holds the uplinks of stations outside, learned by the switch. Sends frames to unknown stations to every uplink.',
    match: ['domain', 'eth_dst'],
    writes: [],
    next: [],
    calls: [],
    miss: 'drop',
  },
  flood: {
    doc: 'Sends a broadcast to the ports of one part of a broadcast domain. A subroutine.',
    floods: true,
    match: ['domain', 'flood_group', 'eth_type'],
    writes: ['out_port', 'filter', 'zone'],
    next: [],
    calls: ['ingress_track', 'ingress_rules'],
    miss: 'drop',
  },
  ingress_filter: {
    doc: 'Finds the filter rules of the interface that receives.',
    filters: 'ingress',
    match: ['out_port'],
    writes: ['filter', 'zone'],
    next: ['ingress_track', 'ingress_rules'],
    calls: [],
    miss: 'drop',
  },
  ingress_track: {
    doc: 'Looks up the tracked connection of a packet to a filtered interface, if a rule needs it.',
    filters: 'ingress',
    match: ['filter', 'eth_type'],
    writes: [],
    next: ['ingress_rules'],
    calls: [],
    miss: 'ingress_rules',
  },
  ingress_rules: {
    doc: 'Applies the filter rules to packets that an interface receives.',
    filters: 'ingress',
    match: ['filter', 'in_port', 'ct_state', 'eth_type', 'ip_frag', ...filterFields],
    writes: [],
    next: ['output'],
    calls: [],
    miss: 'drop',
  },
  output: {
    doc: 'Sends the packet to one port, or to all ports of a part of a broadcast domain that share rules.',
    match: ['out_port', 'domain', 'flood_group', 'filter'],
    writes: [],
    next: [],
    calls: [],
    miss: 'drop',
  },
  peer_size: {
    doc: 'Checks the size of a frame to one interface on another host.',
    match: ['peer'],
    writes: ['too_large'],
    next: ['to_peer'],
    calls: [],
    miss: 'to_peer',
  },
  to_peer: {
    doc: 'Sends the packet to another host through a tunnel. Also a subroutine, for broadcasts.',
    tunnels: true,
    match: ['peer', 'too_large', 'eth_type'],
    writes: ['reason', 'meter'],
    next: ['hand_over'],
    calls: [],
    miss: 'drop',
  },
  hand_over: {
    doc: 'Punts packets to the agent with a reason, under the meter of their port.',
    match: ['meter'],
    writes: [],
    next: [],
    calls: [],
    miss: 'drop',
  },
} as const satisfies Record<string, TableDeclaration>;

interface TableDeclaration {
  readonly doc: string;
  /** What is dropped here is so by the filters of the interface that sends (egress) or receives. */
  readonly filters?: 'egress' | 'ingress';
  /** What is dropped here is not translated: at the interface in this register, by this address of the packet. */
  readonly translates?: { readonly by: 'gateway' | 'translator'; readonly address: 'ipv4_dst' | 'ipv4_src' };
  /** Packets are copied here for everybody. */
  readonly floods?: true;
  /** Packets leave for other hosts here. */
  readonly tunnels?: true;
  /** Packets become replies here, of the gateway of the last flow before. */
  readonly replies?: true;
  readonly match: readonly string[];
  /** Flows take frames without a VLAN tag only, unless they say otherwise by `vlan_vid`. For where frames come in. */
  readonly untagged?: true;
  readonly writes: readonly RegisterName[];
  readonly next: readonly string[];
  readonly calls: readonly string[];
  readonly miss: string | { readonly agent: AgentReason };
}

/** Why a packet goes to the agent; sent along with it. The number is its byte on the wire. */
export const agentReasons = {
  network_unreachable: 1,
  host_unreachable: 2,
  port_unreachable: 3,
  time_exceeded: 4,
  fragmentation_needed: 5,
  next_hop: 6,
  neighbour_heard: 7,
  icmp_translation: 8,
  refused: 9,
  unanswered: 10,
  guest_heard: 12,
  too_large_for_tunnel: 11,
  dhcp: 16,
  dns: 17,
  dns_tcp: 18,
} as const;

export type AgentReason = keyof typeof agentReasons;

const ofRouter = ['gateway', 'route_link'] as const;

/** What the agent reads in the registers of packets that come for a reason: they hold it wherever those are handed over. */
export const agentReads: Readonly<Record<AgentReason, readonly RegisterName[]>> = {
  network_unreachable: ofRouter,
  host_unreachable: ofRouter,
  port_unreachable: ofRouter,
  time_exceeded: ofRouter,
  fragmentation_needed: [...ofRouter, 'domain', 'target_ip', 'peer'],
  next_hop: [...ofRouter, 'domain', 'target_ip'],
  neighbour_heard: ['domain'],
  icmp_translation: [...ofRouter, 'translator'],
  refused: [],
  unanswered: [],
  guest_heard: [],
  too_large_for_tunnel: ['domain', 'peer'],
  dhcp: [],
  dns: ['gateway'],
  dns_tcp: ['gateway'],
};

/** The reason that a packet was sent along with. */
export function reasonOf(number: number): AgentReason | undefined {
  return (Object.keys(agentReasons) as AgentReason[]).find((name) => agentReasons[name] === number);
}

export type TableName = keyof typeof tables;

/** What a table declares, by its name; undefined if there is no such table. */
export function declared(table: string): TableDeclaration | undefined {
  return (tables as Readonly<Record<string, TableDeclaration>>)[table];
}

export const tableNames = Object.keys(tables) as readonly TableName[];
export const tableNumbers = Object.fromEntries(tableNames.map((name, number) => [name, number])) as Readonly<
  Record<TableName, number>
>;
