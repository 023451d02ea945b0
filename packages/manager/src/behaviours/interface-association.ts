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

  const shared: Behaviour<Association> = {
    needed: isCaused,
    byHand: (row) => row.static,
    async follow(tx, touched) {
      const pairs = new Map<string, Columns>();
      for (const { kind: changed, before, after } of touched) {
        if (changed !== cause) continue;
        for (const row of [before, after] as (Columns | null)[]) {
          if (row?.interface_id == null || row[other] == null) continue;
          pairs.set(`${row.interface_id} ${row[other]}`, { interface_id: row.interface_id, [other]: row[other] });
        }
      }
      for (const pair of pairs.values()) {
        const [row] = await tx.find<Association>(kind, pair as Where<Association>);
        const caused = await isCaused(tx, pair);
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
