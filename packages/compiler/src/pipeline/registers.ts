import { meterBits } from './meters.ts';

/** What the number in a register or field is, so that people can be shown a name or an address for it. */
export type Shown =
  | 'domain'
  | 'interface'
  | 'route_link'
  | 'datapath'
  | 'ipv4'
  | 'mac'
  | 'port'
  | 'rule_set'
  | 'reason';

interface RegisterDeclaration {
  readonly bits: number;
  readonly shows?: Shown;
  /**
   * The tables in which it is in use, from one to another in the order of the tables. No other register has its place there. A
   * register that a flow may read before any has written it begins at the first table, where every register is zero.
   */
  readonly lives: readonly (readonly [from: string, to: string])[];
  readonly doc: string;
}

/** For registers that the agent reads in punted packets. */
const forAgent = ['hand_over', 'hand_over'] as const;

/**
 * What the tables tell each other about a packet. Widths are in bits; where each lies in the switch's registers is the
 * allocator's business, and nobody else's.
 */
export const registers = {
  domain: {
    bits: 24,
    shows: 'domain',
    lives: [['admit', 'hand_over']],
    doc: 'Broadcast domain of the packet: the number of its network, or of its segment with the highest bit set.',
  },
  known: {
    bits: 1,
    lives: [['admit', 'neighbour']],
    doc: 'Whether `neighbour` resolved the address.',
  },
  too_large: {
    bits: 1,
    lives: [['admit', 'hand_over']],
    doc: 'Whether the packet exceeds the MTU of its next network, or of the tunnel to its next host.',
  },
  target_ip: {
    bits: 32,
    shows: 'ipv4',
    lives: [['dispatch', 'neighbour'], forAgent],
    doc: 'IP address for `neighbour` to resolve.',
  },
  target_mac: {
    bits: 48,
    shows: 'mac',
    lives: [['dispatch', 'neighbour']],
    doc: 'MAC address of `target_ip`, if known.',
  },
  gateway: {
    bits: 32,
    shows: 'interface',
    lives: [['resume', 'translate_out'], forAgent],
    doc: 'Number of the simulated interface by which the packet entered a router.',
  },
  route_link: {
    bits: 32,
    shows: 'route_link',
    lives: [['admit', 'translate_out'], forAgent],
    doc: 'Number of the logical router (route link) that the packet is in.',
  },
  translator: {
    bits: 32,
    shows: 'interface',
    lives: [['admit', 'translate_out'], forAgent],
    doc: 'Number of the simulated interface by which the packet leaves a router, if that interface translates.',
  },
  gateway_mac: {
    bits: 48,
    shows: 'mac',
    lives: [['route_out', 'rewrite']],
    doc: 'Source MAC address of the packet when it leaves the router.',
  },
  out_port: {
    bits: 16,
    shows: 'port',
    lives: [['forward', 'output']],
    doc: 'OpenFlow port of egress.',
  },
  flood_group: {
    bits: 16,
    lives: [['forward', 'output']],
    doc: "Part of the network's ports that a copy of a broadcast is for.",
  },
  filter: {
    bits: 32,
    shows: 'rule_set',
    lives: [
      ['egress_filter', 'egress_rules'],
      ['flood', 'output'],
    ],
    doc: 'Number of the set of filter rules for the packet.',
  },
  zone: {
    bits: 16,
    lives: [
      ['egress_filter', 'egress_rules'],
      ['flood', 'ingress_track'],
    ],
    doc: 'Connection tracking zone of the filtered interface.',
  },
  from_peer: {
    bits: 1,
    lives: [['admit', 'forward']],
    doc: 'Whether the packet came from another host, so that it goes to no other.',
  },
  peer: {
    bits: 32,
    shows: 'datapath',
    lives: [['admit', 'to_peer'], forAgent],
    doc: 'Number of the datapath to which the packet is sent; 0 for none.',
  },
  filtered: {
    bits: 1,
    lives: [['admit', 'identity']],
    doc: 'Whether the filters of the sender still have to be applied.',
  },
  reason: {
    bits: 8,
    shows: 'reason',
    lives: [['admit', 'hand_over']],
    doc: 'Reason for which `hand_over` punts the packet.',
  },
  meter: {
    bits: meterBits,
    lives: [['admit', 'hand_over']],
    doc: 'Meter of the packet: the low bits of its ingress port.',
  },
} as const satisfies Record<string, RegisterDeclaration>;

export type RegisterName = keyof typeof registers;
