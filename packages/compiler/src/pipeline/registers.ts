import type { FieldName, Subfield } from '@openvnet/openflow';
import { meterBits } from './meters.ts';

/** What the number in a register or field is, so that people can be shown a name or an address for it. */
export type Shown = 'domain' | 'interface' | 'route_link' | 'ipv4' | 'mac' | 'port' | 'rule_set' | 'reason';

/**
 * What the tables tell each other about a packet. Widths are in bits; where each lies in the switch's registers is the
 * allocator's business, and nobody else's.
 */
export const registers = {
  domain: {
    bits: 24,
    shows: 'domain',
    doc: 'Number of the broadcast domain that the packet is in: of its network, or of its segment with the highest bit set.',
  },
  known: { bits: 1, doc: 'Whether `neighbour` knew the address it was asked for.' },
  too_large: { bits: 1, doc: 'Whether the packet is larger than the network that it leaves to takes.' },
  target_ip: { bits: 32, shows: 'ipv4', doc: 'The address that `neighbour` is asked for.' },
  target_mac: { bits: 48, shows: 'mac', doc: 'The MAC address of `target_ip`, where it is known.' },
  gateway: {
    bits: 32,
    shows: 'interface',
    doc: 'Number of the simulated interface by which the packet came to a router.',
  },
  route_link: {
    bits: 32,
    shows: 'route_link',
    doc: 'Number of the logical router (route link) that the packet is in.',
  },
  translator: {
    bits: 32,
    shows: 'interface',
    doc: 'Number of the simulated interface by which the packet leaves a router, where it translates.',
  },
  gateway_mac: { bits: 48, shows: 'mac', doc: 'MAC address with which the packet leaves the router.' },
  out_port: { bits: 16, shows: 'port', doc: 'OpenFlow port at which the packet leaves.' },
  flood_group: { bits: 16, doc: "Which part of a network's ports a copy of a broadcast is for." },
  filter: { bits: 32, shows: 'rule_set', doc: 'Number of the rules by which the packet is judged.' },
  zone: { bits: 16, doc: 'Zone of connection tracking of the filtered interface.' },
  filtered: { bits: 1, doc: 'Whether filters of the sender are still to be asked.' },
  reason: { bits: 8, shows: 'reason', doc: 'Why `hand_over` hands the packet to the agent.' },
  meter: { bits: meterBits, doc: 'The low bits of the port at which the packet came in: its meter.' },
} as const satisfies Record<string, { bits: number; shows?: Shown; doc: string }>;

export type RegisterName = keyof typeof registers;

/** Where each register lies. A width of more than 32 bits takes a pair (`xreg`), and is loaded and moved, not matched. */
export const places: Readonly<Record<RegisterName, Subfield>> = allocate(registers);

function allocate<N extends string>(declared: Readonly<Record<N, { readonly bits: number }>>): Record<N, Subfield> {
  const used = new Array<number>(16).fill(0);
  const placed = {} as Record<N, Subfield>;
  for (const [name, { bits }] of Object.entries<{ readonly bits: number }>(declared)) {
    const at =
      bits > 32
        ? used.findIndex((_, i) => i % 2 === 0 && used[i] === 0 && used[i + 1] === 0)
        : used.findIndex((taken) => taken + bits <= 32);
    if (at < 0 || bits > 64) throw new RangeError(`register ${name} of ${bits} bits does not fit`);
    placed[name as N] =
      bits > 32
        ? { field: `xreg${at / 2}` as FieldName, offset: 0, bits }
        : { field: `reg${at}` as FieldName, offset: used[at]!, bits };
    if (bits > 32) used[at] = used[at + 1] = 32;
    else used[at]! += bits;
  }
  return placed;
}
