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
    doc: 'Broadcast domain of the packet: the number of its network, or of its segment with the highest bit set.',
  },
  known: { bits: 1, doc: 'Whether `neighbour` resolved the address.' },
  too_large: { bits: 1, doc: 'Whether the packet exceeds the MTU of its next network.' },
  target_ip: { bits: 32, shows: 'ipv4', doc: 'IP address for `neighbour` to resolve.' },
  target_mac: { bits: 48, shows: 'mac', doc: 'MAC address of `target_ip`, if known.' },
  gateway: {
    bits: 32,
    shows: 'interface',
    doc: 'Number of the simulated interface by which the packet entered a router.',
  },
  route_link: {
    bits: 32,
    shows: 'route_link',
    doc: 'Number of the logical router (route link) that the packet is in.',
  },
  translator: {
    bits: 32,
    shows: 'interface',
    doc: 'Number of the simulated interface by which the packet leaves a router, if that interface translates.',
  },
  gateway_mac: { bits: 48, shows: 'mac', doc: 'Source MAC address of the packet when it leaves the router.' },
  out_port: { bits: 16, shows: 'port', doc: 'OpenFlow port of egress.' },
  flood_group: { bits: 16, doc: "Part of the network's ports that a copy of a broadcast is for." },
  filter: { bits: 32, shows: 'rule_set', doc: 'Number of the set of filter rules for the packet.' },
  zone: { bits: 16, doc: 'Connection tracking zone of the filtered interface.' },
  filtered: { bits: 1, doc: 'Whether the filters of the sender still have to be applied.' },
  reason: { bits: 8, shows: 'reason', doc: 'Reason for which `hand_over` punts the packet.' },
  meter: { bits: meterBits, doc: 'Meter of the packet: the low bits of its ingress port.' },
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
