import {
  fieldsOf,
  type Kind,
  kindsInOrder,
  type RowOf,
  resourceOf,
  type TopologyChange,
  topKinds,
} from '@openvnet/model';
import type { Transaction } from '@openvnet/store';
import type { Wanted } from './wanted.ts';

/** Removes what a topology does not have, but for leases that were made along with an interface that it has. */
export async function removeOthers(tx: Transaction, wanted: readonly Wanted[]): Promise<TopologyChange[]> {
  const named = new Set(wanted.flatMap((one) => ('uuid' in one ? [one.uuid] : [])));
  const along = new Map(
    wanted.flatMap((one) => ('uuid' in one && one.kind === 'interface' ? [[one.uuid, one.given] as const] : [])),
  );
  const kept = async (kind: Kind, row: RowOf<Kind>): Promise<boolean> => {
    if (kind !== 'mac_lease' && kind !== 'ip_lease') return false;
    const lease = row as RowOf<'mac_lease'> & RowOf<'ip_lease'>;
    const holder = lease.interface_id === null ? undefined : await tx.get('interface', lease.interface_id);
    const given = holder && along.get(holder.uuid);
    const name = kind === 'mac_lease' ? 'mac_address' : 'ipv4_address';
    if (!given) return false;
    if (given[name] === undefined) {
      // It was drawn for the interface.
      const [first] = await tx.find(kind, { interface_id: lease.interface_id }, { limit: 1 });
      return given.network_uuid !== undefined && first?.id === lease.id;
    }
    const field = fieldsOf(resourceOf(kind)).find(([known]) => known === name)![1];
    return field.read(given[name]) === lease[name];
  };
  const changes: TopologyChange[] = [];
  // What refers to others goes first, so that everything that goes is named.
  for (const kind of kindsInOrder()
    .reverse()
    .filter((one) => topKinds.includes(one))) {
    for (const row of await tx.find(kind, {})) {
      if (named.has(row.uuid) || (await kept(kind, row)) || !(await tx.remove(kind, row.id))) continue;
      changes.push({ action: 'remove', object: `${resourceOf(kind).plural} ${row.uuid}`, fields: {} });
    }
  }
  return changes;
}
