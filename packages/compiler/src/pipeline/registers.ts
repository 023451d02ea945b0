import { meterBits } from './meters.ts';

/** What the number in a register or field is, so that people can be shown a name or an address for it. */
export type Shown = 'domain' | 'interface' | 'route_link' | 'ipv4' | 'mac' | 'port' | 'rule_set' | 'reason';

interface RegisterDeclaration {
  readonly bits: number;
  readonly shows?: Shown;
  /**
   * From which table to which it holds its number, in the order of the tables. In between nobody else has its place, in a
   * subroutine neither. What is read without being written on every way there begins at the first table, where all is zero.
   */
  readonly lives: readonly (readonly [from: string, to: string])[];
  readonly doc: string;
}

/** In a list of lives: where the agent reads the register of what it is handed. */
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
    doc: 'Number of the broadcast domain that the packet is in: of its network, or of its segment with the highest bit set.',
  },
  known: {
    bits: 1,
    lives: [['admit', 'neighbour']],
    doc: 'Whether `neighbour` knew the address it was asked for.',
  },
  too_large: {
    bits: 1,
    lives: [['admit', 'rewrite']],
    doc: 'Whether the packet is larger than the network that it leaves to takes.',
  },
  target_ip: {
    bits: 32,
    shows: 'ipv4',
    lives: [['dispatch', 'neighbour'], forAgent],
    doc: 'The address that `neighbour` is asked for.',
  },
  target_mac: {
    bits: 48,
    shows: 'mac',
    lives: [['dispatch', 'neighbour']],
    doc: 'The MAC address of `target_ip`, where it is known.',
  },
  gateway: {
    bits: 32,
    shows: 'interface',
    lives: [['dispatch', 'translate_out'], forAgent],
    doc: 'Number of the simulated interface by which the packet came to a router.',
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
    doc: 'Number of the simulated interface by which the packet leaves a router, where it translates.',
  },
  gateway_mac: {
    bits: 48,
    shows: 'mac',
    lives: [['route_out', 'rewrite']],
    doc: 'MAC address with which the packet leaves the router.',
  },
  out_port: {
    bits: 16,
    shows: 'port',
    lives: [['forward', 'output']],
    doc: 'OpenFlow port at which the packet leaves.',
  },
  flood_group: {
    bits: 16,
    lives: [['forward', 'output']],
    doc: "Which part of a network's ports a copy of a broadcast is for.",
  },
  filter: {
    bits: 32,
    shows: 'rule_set',
    lives: [
      ['egress_filter', 'egress_rules'],
      ['flood', 'output'],
    ],
    doc: 'Number of the rules by which the packet is judged.',
  },
  zone: {
    bits: 16,
    lives: [
      ['egress_filter', 'egress_rules'],
      ['flood', 'ingress_track'],
    ],
    doc: 'Zone of connection tracking of the filtered interface.',
  },
  filtered: { bits: 1, lives: [['admit', 'identity']], doc: 'Whether filters of the sender are still to be asked.' },
  reason: {
    bits: 8,
    shows: 'reason',
    lives: [['admit', 'hand_over']],
    doc: 'Why `hand_over` hands the packet to the agent.',
  },
  meter: {
    bits: meterBits,
    lives: [['admit', 'hand_over']],
    doc: 'The low bits of the port at which the packet came in: its meter.',
  },
} as const satisfies Record<string, RegisterDeclaration>;

export type RegisterName = keyof typeof registers;
