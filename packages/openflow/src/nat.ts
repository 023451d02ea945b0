import type { Field, Reader, Writer } from '@openvnet/wire';

/**
 * The translation of addresses and ports of a connection. Without `kind`, packets are translated like the first packet
 * of their connection. A range without an end is one address or port. Addresses are in host order.
 */
export interface Nat {
  readonly kind?: 'src' | 'dst';
  readonly persistent?: boolean;
  readonly protocol_hash?: boolean;
  readonly protocol_random?: boolean;
  readonly ipv4_min?: number;
  readonly ipv4_max?: number;
  readonly ipv6_min?: bigint;
  readonly ipv6_max?: bigint;
  readonly port_min?: number;
  readonly port_max?: number;
}

const kinds = ['src', 'dst'] as const;
const natFlags = { persistent: 4, protocol_hash: 8, protocol_random: 16 } as const;
// In the order of their bits, which is also the order of the values.
const natRanges = ['ipv4_min', 'ipv4_max', 'ipv6_min', 'ipv6_max', 'port_min', 'port_max'] as const;

/** `nx_action_nat`, starting at its padding. */
export const nat: Field<Nat> = {
  read: (from) => {
    from.take(2);
    const flags = from.u16();
    const present = from.u16();
    const value: Record<string, unknown> = {};
    if ((flags & 3) === 3) from.fail('nat of source and destination at once');
    if ((flags & 3) !== 0) value.kind = kinds[(flags & 3) - 1];
    for (const [name, bit] of Object.entries(natFlags)) if (flags & bit) value[name] = true;
    natRanges.forEach((name, bit) => {
      if (present & (1 << bit)) value[name] = readRangeEnd(bit, from);
    });
    return value as Nat;
  },
  write: (to, value) => {
    let flags = value.kind === undefined ? 0 : kinds.indexOf(value.kind) + 1;
    for (const [name, bit] of Object.entries(natFlags)) if (value[name as keyof typeof natFlags]) flags |= bit;
    let present = 0;
    natRanges.forEach((name, bit) => {
      if (value[name] !== undefined) present |= 1 << bit;
    });
    to.zeros(2).u16(flags).u16(present);
    natRanges.forEach((name, bit) => {
      if (value[name] !== undefined) writeRangeEnd(bit, value[name], to);
    });
  },
};

function readRangeEnd(bit: number, from: Reader): number | bigint {
  if (bit < 2) return from.u32();
  return bit < 4 ? (from.u64() << 64n) | from.u64() : from.u16();
}

function writeRangeEnd(bit: number, value: number | bigint, to: Writer): void {
  if (bit < 2) to.u32(Number(value));
  else if (bit < 4) to.u64(BigInt(value) >> 64n).u64(BigInt(value) & 0xffff_ffff_ffff_ffffn);
  else to.u16(Number(value));
}
