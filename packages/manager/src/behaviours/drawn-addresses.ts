/** Addresses that nobody has given: of a network, and for interfaces that have none. */
import { ApiError, ipv4ToText, networkAddress, prefixMask, type RowOf } from '@openvnet/model';
import { type Numbers, type Reader, Runs, type Transaction } from '@openvnet/store';
import { drawFrom, drawMacWithin, freeIn, type Range } from './free-addresses.ts';

type Network = RowOf<'network'>;

type Order = RowOf<'ip_range_group'>['allocation_type'];

/**
 * A free address of a network, of those of `group` where one is given, in the order that `group` or `order` says; none of
 * `reserved`. Undefined where all are taken.
 */
export async function freeAddress(
  tx: Transaction,
  network: Network,
  { group, order = 'incremental', reserved }: Wanted,
): Promise<number | undefined> {
  const usable = usableOf(network);
  // In ascending order, each address in one of them.
  const ranges = freeIn(group ? await rangesWithin(tx, group.id, usable) : [usable], []);
  const taken = [await tx.numbersOf('ip_lease', 'ipv4_address', ['network_id', network.id]), reserved ?? new Runs()];
  return await choose[group?.allocation_type ?? order](ranges, taken);
}

interface Wanted {
  readonly group?: RowOf<'ip_range_group'> | undefined;
  readonly order?: Order;
  readonly reserved?: Numbers | undefined;
}

type Taken = readonly Numbers[];

const choose: Record<
  Order,
  (ranges: readonly Range[], taken: Taken) => number | undefined | Promise<number | undefined>
> = {
  incremental(ranges, taken) {
    for (const [first, last] of ranges) {
      const address = gap(taken, first, (numbers, from) => numbers.gapFrom(from));
      if (address <= last) return address;
    }
    return undefined;
  },
  decremental(ranges, taken) {
    for (const [first, last] of ranges.toReversed()) {
      const address = gap(taken, last, (numbers, to) => numbers.gapTo(to));
      if (address >= first) return address;
    }
    return undefined;
  },
  random: (ranges, taken) =>
    drawFrom(
      ranges,
      (address) => taken.some((numbers) => numbers.has(address)),
      () => taken.flatMap((numbers) => [...numbers]),
    ),
};

/** The nearest number that is in none of the sets. */
function gap(sets: Taken, from: number, next: (numbers: Numbers, from: number) => number): number {
  for (let number = from; ; ) {
    const found = sets.reduce((at, numbers) => next(numbers, at), number);
    if (found === number) return found;
    number = found;
  }
}

/**
 * A free address for an interface of `mode`: of the ranges of the first lease policy of the network, or else the lowest of
 * the network, and for a simulated interface, such as a gateway, the highest. Not one of `reserved`.
 */
export async function drawAddress(
  tx: Transaction,
  network: Network,
  { mode, reserved }: { mode: RowOf<'interface'>['mode']; reserved?: Numbers | undefined },
): Promise<number> {
  const policy = mode === 'simulated' ? undefined : await rangesOf(tx, network);
  const group = policy && (await tx.get('ip_range_group', policy.ip_range_group_id))!;
  const order = mode === 'simulated' ? 'decremental' : 'incremental';
  const address = await freeAddress(tx, network, { group, order, reserved });
  if (address !== undefined) return address;
  if (!group) {
    const [first, last] = usableOf(network).map(ipv4ToText);
    const hint = `Delete a lease that is not needed. To see them, use: vnctl ip-leases show --network-uuid ${network.uuid}`;
    throw new ApiError('argument', `no address of ${network.uuid} is free: all from ${first} to ${last} are leased`, {
      hint,
    });
  }
  throw new ApiError('argument', `no address of ${network.uuid} is free in the ranges of ${group.uuid}`, {
    hint: `Use: vnctl ip-range-groups ip-ranges add ${group.uuid} --begin-ipv4-address ADDRESS --end-ipv4-address ADDRESS`,
  });
}

/**
 * Whether an interface that names its network and no address is given one. An uplink has the address of its host, and in a
 * physical network stations that are not registered have addresses too: there only with ranges to take it from.
 */
export async function drawsAddress(
  reader: Reader,
  mode: RowOf<'interface'>['mode'],
  network: Network,
): Promise<boolean> {
  if (!drawsMac(mode)) return false;
  return network.mode !== 'physical' || (mode !== 'simulated' && (await rangesOf(reader, network)) !== undefined);
}

/** Whether the MAC address of an interface may be any: that of a device of the host is what it is. */
export function drawsMac(mode: RowOf<'interface'>['mode']): boolean {
  return mode === 'vif' || mode === 'simulated' || mode === 'internal';
}

/** A MAC address that nothing has, of those that virtual machines use (52:54:00, locally administered). */
export async function drawGuestMac(reader: Reader): Promise<number> {
  return (await drawMacWithin(reader, [0x5254_0000_0000, 0x5254_00ff_ffff]))!;
}

async function rangesOf(reader: Reader, { id }: Network): Promise<RowOf<'lease_policy_network'> | undefined> {
  return (await reader.find('lease_policy_network', { network_id: id }, { limit: 1 }))[0];
}

async function rangesWithin(reader: Reader, groupId: number, [first, last]: Range): Promise<Range[]> {
  return (await reader.find('ip_range', { ip_range_group_id: groupId }))
    .map((one): Range => [Math.max(one.begin_ipv4_address, first), Math.min(one.end_ipv4_address, last)])
    .filter(([from, to]) => from <= to);
}

/** The addresses that a host may have: not the first and the last, where there are others (RFC 3021). */
export function usableOf({ ipv4_network, ipv4_prefix }: Network): Range {
  const first = networkAddress(ipv4_network, ipv4_prefix);
  const last = first + (0xffff_ffff - prefixMask(ipv4_prefix));
  return ipv4_prefix >= 31 ? [first, last] : [first + 1, last - 1];
}
