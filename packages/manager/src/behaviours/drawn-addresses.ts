/** Addresses that nobody has given: of a network, and for interfaces that have none. */
import { ApiError, ipv4ToText, networkAddress, prefixMask, type RowOf } from '@openvnet/model';
import type { Reader } from '@openvnet/store';
import { anyOf, drawMacWithin, freeIn, type Range } from './free-addresses.ts';

type Network = RowOf<'network'>;

/** Which free address is taken, by the allocation type of a group of ranges. */
export const choose: Record<
  RowOf<'ip_range_group'>['allocation_type'],
  (free: readonly Range[]) => number | undefined
> = {
  incremental: (free) => free[0]?.[0],
  decremental: (free) => free.at(-1)?.[1],
  random: anyOf,
};

/** The free addresses of a network, in a group of ranges where one is given. */
export async function freeAddresses(reader: Reader, network: Network, groupId?: number): Promise<Range[]> {
  const usable = usableOf(network);
  const ranges = groupId === undefined ? [usable] : await rangesWithin(reader, groupId, usable);
  const leases = await reader.find('ip_lease', { network_id: network.id });
  return freeIn(
    ranges,
    leases.map((lease) => lease.ipv4_address),
  );
}

/**
 * A free address for an interface of `mode`: of the ranges of the first lease policy of the network, or else the lowest of
 * the network, and for a simulated interface, such as a gateway, the highest. Not one of `reserved`.
 */
export async function drawAddress(
  reader: Reader,
  network: Network,
  { mode, reserved = [] }: { mode: RowOf<'interface'>['mode']; reserved?: Iterable<number> | undefined },
): Promise<number> {
  const policy = mode === 'simulated' ? undefined : await rangesOf(reader, network);
  const group = policy && (await reader.get('ip_range_group', policy.ip_range_group_id))!;
  const free = freeIn(await freeAddresses(reader, network, group?.id), reserved);
  const address = choose[group?.allocation_type ?? (mode === 'simulated' ? 'decremental' : 'incremental')](free);
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
