import type { Kind } from '@openvnet/model';
import type { Reader, Where } from '@openvnet/store';
import type { Behaviour } from './behaviour.ts';

type Association = 'interface_network' | 'interface_segment' | 'interface_route_link';
type Cause = 'ip_lease' | 'mac_lease' | 'route';
interface Columns {
  readonly interface_id?: number | null;
  readonly network_id?: number | null;
  readonly segment_id?: number | null;
  readonly route_link_id?: number | null;
}

/**
 * That an interface belongs to something: there as long as an object of the kind `cause` joins the two, or as long as it
 * is marked static.
 */
export function interfaceAssociation<K extends Association>(
  kind: K,
  { cause, other }: { cause: Cause; other: 'network_id' | 'segment_id' | 'route_link_id' },
): Behaviour<K> {
  const isCaused = async (reader: Reader, row: Columns): Promise<boolean> =>
    (await reader.count(cause, { interface_id: row.interface_id, [other]: row[other] } as Where<Cause>)) > 0;

  const keyOf = (row: Columns): string => `${row.interface_id} ${row[other]}`;

  const shared: Behaviour<Association> = {
    needed: isCaused,
    byHand: (row) => row.static,
    async follow(tx, touched) {
      const pairs = new Map<string, Columns & { caused: boolean }>();
      for (const { kind: changed, before, after } of touched) {
        if (changed !== cause) continue;
        for (const row of [before, after] as (Columns | null)[]) {
          if (row?.interface_id == null || row[other] == null) continue;
          const caused = row === after || pairs.get(keyOf(row))?.caused === true;
          pairs.set(keyOf(row), { interface_id: row.interface_id, [other]: row[other], caused });
        }
      }
      // Looked up together: a topology may come with ten thousand of them.
      const interfaces = [...new Set([...pairs.values()].map(({ interface_id }) => interface_id!))];
      const there = await tx.find<Association>(kind, { interface_id: interfaces } as Where<Association>);
      const rows = new Map(there.map((row) => [keyOf(row), row]));
      for (const { caused: surely, ...pair } of pairs.values()) {
        const row = rows.get(keyOf(pair));
        const caused = surely || (await isCaused(tx, pair));
        if (caused && !row) await tx.insert<Association>(kind, { ...pair, static: false } as never);
        else if (!caused && row && !row.static) await tx.remove(kind as Kind, row.id);
      }
    },
  };
  // It uses nothing but the columns that all of them have.
  return shared as unknown as Behaviour<K>;
}

export const interfaceNetwork: Behaviour<'interface_network'> = interfaceAssociation('interface_network', {
  cause: 'ip_lease',
  other: 'network_id',
});
export const interfaceSegment: Behaviour<'interface_segment'> = interfaceAssociation('interface_segment', {
  cause: 'mac_lease',
  other: 'segment_id',
});
export const interfaceRouteLink: Behaviour<'interface_route_link'> = interfaceAssociation('interface_route_link', {
  cause: 'route',
  other: 'route_link_id',
});
