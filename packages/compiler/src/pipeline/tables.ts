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
    doc: 'Takes frames of known ports whose sender uses its own addresses, and knows the network or segment by them.',
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
    next: ['uplink', 'identity', 'egress_filter', 'dispatch', 'hand_over'],
    calls: [],
    miss: 'drop',
  },
  uplink: {
    doc: 'Drops what comes from outside with a MAC address that no station outside can have.',
    match: ['in_port', 'domain', 'eth_src', 'eth_type', 'arp_op', 'arp_spa'],
    writes: ['reason', 'meter'],
    next: ['identity'],
    calls: ['hand_over'],
    miss: 'identity',
  },
  identity: {
    doc: 'Drops what comes from an IP address that somebody else has leased; for senders whose IP addresses `admit` does not know.',
    match: ['domain', 'eth_type', 'ipv4_src', 'arp_spa', 'filtered'],
    writes: [],
    next: ['egress_filter', 'dispatch'],
    calls: [],
    miss: 'dispatch',
  },
  egress_filter: {
    doc: 'Finds the rules of the filtered interface that sends.',
    match: ['in_port'],
    writes: ['filter', 'zone'],
    next: ['egress_rules'],
    calls: [],
    miss: 'drop',
  },
  egress_rules: {
    doc: 'What a filtered interface may send.',
    match: ['filter', 'domain', 'eth_dst', 'eth_type', 'ip_frag', ...filterFields],
    writes: [],
    next: ['dispatch'],
    calls: [],
    miss: 'drop',
  },
  dispatch: {
    doc: 'Tells ARP requests, packets for a gateway and all others apart; drops what comes from no address.',
    match: ['domain', 'eth_dst', 'eth_type', 'arp_op', 'ipv4_src', 'ipv4_dst', 'ip_proto', 'udp_src', 'udp_dst'],
    writes: ['gateway', 'reason', 'meter', 'target_ip'],
    next: ['arp_answer', 'translate_in', 'route_in', 'forward', 'hand_over'],
    calls: ['neighbour'],
    miss: 'forward',
  },
  arp_answer: {
    doc: 'Answers an ARP request for an address of the network; others go on only where there may be somebody else.',
    match: ['domain', 'eth_type', 'arp_op', 'known'],
    writes: ['reason', 'meter'],
    next: ['forward', 'hand_over'],
    calls: [],
    miss: 'drop',
  },
  translate_in: {
    doc: 'At a gateway that translates addresses: from the address outside to that inside.',
    match: ['gateway', 'eth_type', 'ip_frag', 'ip_proto', 'ipv4_dst', 'tcp_dst', 'udp_dst', 'icmpv4_type'],
    writes: ['reason', 'meter', 'route_link'],
    next: ['fragments_in', 'route_in', 'route_out', 'hand_over'],
    calls: [],
    miss: 'drop',
  },
  fragments_in: {
    doc: 'What connection tracking has translated on the way in: fragments, which are sound together.',
    match: ['ct_state', 'route_link'],
    writes: [],
    next: ['route_in', 'route_out'],
    calls: [],
    miss: 'drop',
  },
  route_in: {
    doc: 'From the gateway and the source address: which logical router; answers for the gateway itself.',
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
    next: ['route_out', 'echo', 'hand_over'],
    calls: [],
    miss: 'drop',
  },
  route_out: {
    doc: 'In a logical router: the longest prefix of the destination gives the network it leaves to.',
    match: ['route_link', 'eth_type', 'ipv4_dst', 'ip_proto', 'icmpv4_type', 'icmpv4_code'],
    writes: ['domain', 'gateway_mac', 'reason', 'meter', 'target_ip', 'too_large', 'translator'],
    next: ['rewrite', 'echo', 'hand_over'],
    calls: ['neighbour'],
    miss: { agent: 'network_unreachable' },
  },
  echo: {
    doc: 'Turns an echo request to a gateway into its answer.',
    match: ['eth_type', 'ip_proto', 'icmpv4_type', 'icmpv4_code'],
    writes: ['target_ip', 'target_mac'],
    next: [],
    calls: [],
    miss: 'drop',
  },
  rewrite: {
    doc: 'Takes a routed packet on to its next network: time to live, size, MAC addresses.',
    match: ['domain', 'eth_type', 'nw_ttl', 'ip_proto', 'udp_src', 'udp_dst', 'known', 'too_large'],
    writes: ['reason', 'meter'],
    next: ['translate_out', 'hand_over'],
    calls: [],
    miss: { agent: 'host_unreachable' },
  },
  translate_out: {
    doc: 'At a gateway that translates addresses: from the address inside to that outside.',
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
    doc: 'What connection tracking has translated on the way out, likewise.',
    match: ['ct_state'],
    writes: [],
    next: ['leave'],
    calls: [],
    miss: 'drop',
  },
  leave: {
    doc: 'Sends a routed packet on; forgets the port at which it came in, because it may leave there again.',
    match: [],
    writes: [],
    next: ['forward'],
    calls: [],
    miss: 'drop',
  },
  neighbour: {
    doc: 'Network and IP address to MAC address. It is asked and goes back.',
    match: ['domain', 'target_ip'],
    writes: ['known', 'target_mac'],
    next: [],
    calls: [],
    miss: 'drop',
  },
  forward: {
    doc: 'Network and destination MAC address to a port, or to the ports of the network.',
    match: ['domain', 'eth_dst'],
    writes: ['flood_group', 'out_port'],
    next: ['learned', 'ingress_filter', 'output'],
    calls: ['flood'],
    miss: 'drop',
  },
  learned: {
    doc: 'Where stations outside were last heard, as the switch has learned by itself; the others leave by all uplinks.',
    match: ['domain', 'eth_dst'],
    writes: [],
    next: [],
    calls: [],
    miss: 'drop',
  },
  flood: {
    doc: 'Sends a broadcast to the ports of one part of a broadcast domain. A subroutine.',
    match: ['domain', 'flood_group', 'eth_type'],
    writes: ['out_port', 'filter', 'zone'],
    next: [],
    calls: ['ingress_track', 'ingress_rules'],
    miss: 'drop',
  },
  ingress_filter: {
    doc: 'Finds the rules of the filtered interface that receives.',
    match: ['out_port'],
    writes: ['filter', 'zone'],
    next: ['ingress_track', 'ingress_rules'],
    calls: [],
    miss: 'drop',
  },
  ingress_track: {
    doc: 'Looks up the connection of what is for a filtered interface, where a rule needs that.',
    match: ['filter', 'eth_type'],
    writes: [],
    next: ['ingress_rules'],
    calls: [],
    miss: 'ingress_rules',
  },
  ingress_rules: {
    doc: 'What a filtered interface may receive.',
    match: ['filter', 'in_port', 'ct_state', 'eth_type', 'ip_frag', ...filterFields],
    writes: [],
    next: ['output'],
    calls: [],
    miss: 'drop',
  },
  output: {
    doc: 'Sends the packet out: at one port, or at all ports of a part of a broadcast domain that share rules.',
    match: ['out_port', 'domain', 'flood_group', 'filter'],
    writes: [],
    next: [],
    calls: [],
    miss: 'drop',
  },
  hand_over: {
    doc: 'Hands packets to the agent with the reason why, those of each port under its meter.',
    match: ['meter'],
    writes: [],
    next: [],
    calls: [],
    miss: 'drop',
  },
} as const satisfies Record<string, TableDeclaration>;

interface TableDeclaration {
  readonly doc: string;
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
  fragmentation_needed: [...ofRouter, 'domain', 'target_ip'],
  next_hop: [...ofRouter, 'domain', 'target_ip'],
  neighbour_heard: ['domain'],
  icmp_translation: [...ofRouter, 'translator'],
  refused: [],
  unanswered: [],
  dhcp: [],
  dns: ['gateway'],
  dns_tcp: ['gateway'],
};

/** The reason that a packet was sent along with. */
export function reasonOf(number: number): AgentReason | undefined {
  return (Object.keys(agentReasons) as AgentReason[]).find((name) => agentReasons[name] === number);
}

export type TableName = keyof typeof tables;
export const tableNames = Object.keys(tables) as readonly TableName[];
export const tableNumbers = Object.fromEntries(tableNames.map((name, number) => [name, number])) as Readonly<
  Record<TableName, number>
>;
