/** Addresses that nobody has, in ranges: numbers, whatever they stand for. */
import { ApiError, macToText } from '@openvnet/model';
import type { Reader } from '@openvnet/store';
import { mapInOrder } from '../in-order.ts';

/** From the first number to the last, which belongs to it. */
export type Range = readonly [first: number, last: number];

/** The parts of `ranges` without the numbers of `taken`, in ascending order, each number once. */
export function freeIn(ranges: readonly Range[], taken: Iterable<number>): Range[] {
  const sorted = [...taken].sort((a, b) => a - b);
  const free: Range[] = [];
  let from = -1;
  let at = 0;
  for (const [first, last] of [...ranges].sort(([a], [b]) => a - b)) {
    from = Math.max(from, first);
    // What lies before a range lies before all that follow: each number is looked at once.
    for (; at < sorted.length && sorted[at]! <= last; at++) {
      const number = sorted[at]!;
      if (number < from) continue;
      if (number > from) free.push([from, number - 1]);
      from = number + 1;
    }
    if (from <= last) free.push([from, last]);
    from = Math.max(from, last + 1);
  }
  return free;
}

/** One of the numbers, each as likely as any other. */
function anyOf(ranges: readonly Range[]): number | undefined {
  const total = ranges.reduce((sum, [first, last]) => sum + last - first + 1, 0);
  let left = Math.floor(Math.random() * total);
  for (const [first, last] of ranges) {
    if (left <= last - first) return first + left;
    left -= last - first + 1;
  }
  return undefined;
}

const attempts = 20;

/** One of the numbers that are not taken, each as likely as any other; `allTaken` is asked where few are left. */
export async function drawFrom(
  ranges: readonly Range[],
  isTaken: (number: number) => boolean | Promise<boolean>,
  allTaken: () => Iterable<number> | Promise<Iterable<number>>,
): Promise<number | undefined> {
  for (let i = 0; i < attempts; i++) {
    const number = anyOf(ranges);
    if (number !== undefined && !(await isTaken(number))) return number;
  }
  return anyOf(freeIn(ranges, await allTaken()));
}

/** A MAC address of the group, at random, that nothing has: of its first range that has one. Undefined without ranges. */
export async function drawMac(reader: Reader, groupId: number): Promise<number | undefined> {
  const ranges = await reader.find('mac_range', { mac_range_group_id: groupId });
  for (const { begin_mac_address, end_mac_address } of ranges) {
    const address = await drawMacWithin(reader, [begin_mac_address, end_mac_address]);
    if (address !== undefined) return address;
  }
  if (ranges.length === 0) return undefined;
  const { uuid } = (await reader.get('mac_range_group', groupId))!;
  const shown = ranges.map((one) => `${macToText(one.begin_mac_address)} to ${macToText(one.end_mac_address)}`);
  throw new ApiError('argument', `no MAC address of ${uuid} is free: all of ${shown.join(', ')} are taken`);
}

/** A MAC address of the range, at random, that nothing has; undefined if all are taken. */
export async function drawMacWithin(reader: Reader, range: Range): Promise<number | undefined> {
  return await drawFrom(
    [range],
    (address) => isTaken(reader, address),
    async () =>
      (await mapInOrder(holders, async (kind) => (await reader.find(kind, {})).map(macOf))).flat().filter(isMac),
  );
}

const holders = ['mac_lease', 'route_link', 'datapath_network', 'datapath_segment', 'datapath_route_link'] as const;

async function isTaken(reader: Reader, mac_address: number): Promise<boolean> {
  for (const kind of holders) if ((await reader.count(kind, { mac_address })) > 0) return true;
  return false;
}

function macOf(row: { mac_address: number | null }): number | null {
  return row.mac_address;
}

function isMac(address: number | null): address is number {
  return address !== null;
}
