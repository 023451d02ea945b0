/** What goes with an object that is deleted, said as a topology, so that it can be made again after it. */
import {
  columnOf,
  fieldsOf,
  type Kind,
  kinds,
  nestedIn,
  parentField,
  type RowOf,
  resourceOf,
  topKinds,
} from '@openvnet/model';
import type { Transaction } from '@openvnet/store';
import type { Given } from '../api/endpoint.ts';
import { mapInOrder } from '../in-order.ts';
import { below, entryOf, isByHand } from './export.ts';
import type { Wanted } from './wanted.ts';

type Lease = RowOf<'mac_lease'> & RowOf<'ip_lease'>;
interface Removed {
  readonly kind: Kind;
  readonly row: RowOf<Kind>;
}

/**
 * Everything that is removed with a row, without the row itself. `interfaces` are those that a topology names: what is
 * made along with them follows from what it says of them.
 */
export async function whatGoesWith(
  tx: Transaction,
  top: Removed,
  interfaces: ReadonlyMap<string, Given>,
): Promise<Wanted[]> {
  const removed = await removedWith(tx, top);
  const objects: Wanted[] = [];
  const without = new Set<number>();
  for (const one of removed) {
    const { kind, row } = one;
    if (!topKinds.includes(kind) || (kind === top.kind && row.id === top.row.id)) continue;
    if (await isMadeAlong(tx, one, interfaces)) {
      if (kind === 'mac_lease') without.add(row.id);
      continue;
    }
    const given = await entryOf(tx, kind, row);
    // The interface has another MAC lease then, and the first of it is found.
    if (kind === 'ip_lease' && without.has((row as Lease).mac_lease_id ?? 0)) delete given.mac_lease_uuid;
    objects.push({ kind, given, uuid: row.uuid });
  }
  return [...objects, ...(await listsOf(tx, removed))];
}

/** Whether it is the first lease of an interface of which the topology says that it has one. */
async function isMadeAlong(
  tx: Transaction,
  { kind, row }: Removed,
  interfaces: ReadonlyMap<string, Given>,
): Promise<boolean> {
  if (kind !== 'mac_lease' && kind !== 'ip_lease') return false;
  const { interface_id } = row as Lease;
  if (interface_id === null) return false;
  const given = interfaces.get((await tx.get('interface', interface_id))!.uuid);
  const says = given?.network_uuid ?? (kind === 'mac_lease' ? given?.mac_address : undefined);
  if (says === undefined) return false;
  const [first] = await tx.find(kind, { interface_id }, { limit: 1 });
  return first?.id === row.id;
}

/** The lists that change with them: those of what is removed, and those of other objects that lose a part. */
async function listsOf(tx: Transaction, removed: readonly Removed[]): Promise<Wanted[]> {
  const lists = new Map<string, { kind: Kind; parentId: number }>();
  const note = (kind: Kind, parentId: number): void => {
    if (resourceOf(kind).nested!.operations !== 'list') lists.set(`${kind} ${parentId}`, { kind, parentId });
  };
  for (const { kind, row } of removed) {
    const { nested } = resourceOf(kind);
    if (nested) note(kind, Number((row as unknown as Given)[parentField(nested).replace(/_uuid$/, '_id')]));
    else for (const other of nestedIn(kind)) note(other, row.id);
  }
  return await mapInOrder(lists.values(), async ({ kind, parentId }): Promise<Wanted> => {
    const parent = resourceOf(kind).nested!.of as Kind;
    const rows = (await below(tx, kind, parentId)).filter((one) => isByHand(kind, one));
    const entries = await mapInOrder(rows, (row) => entryOf(tx, kind, row));
    return { kind, parent, parentUuid: (await tx.get(parent, parentId))!.uuid, entries };
  });
}

/** The row and all that refer to it, directly or not, in the order of their kinds' ids. */
async function removedWith(tx: Transaction, top: Removed): Promise<Removed[]> {
  const found = new Map<string, Removed>();
  const visit = async (one: Removed): Promise<void> => {
    const key = `${one.kind} ${one.row.id}`;
    if (found.has(key)) return;
    found.set(key, one);
    for (const { kind, column } of referrersOf(one.kind)) {
      for (const row of await tx.find(kind, { [column]: one.row.id } as object)) await visit({ kind, row });
    }
  };
  await visit(top);
  // MAC leases are asked for before the IP leases that name them.
  return [...found.values()].sort((a, b) => kinds.indexOf(a.kind) - kinds.indexOf(b.kind) || a.row.id - b.row.id);
}

function referrersOf(kind: Kind): { kind: Kind; column: string }[] {
  return kinds.flatMap((other) =>
    fieldsOf(resourceOf(other))
      .filter(([, field]) => field.to === kind)
      .map(([name, field]) => ({ kind: other, column: columnOf(name, field) })),
  );
}
