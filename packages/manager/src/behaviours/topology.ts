import { ApiError, type RowOf } from '@openvnet/model';
import type { Reader, Touched, Transaction } from '@openvnet/store';
import type { Given } from '../api/endpoint.ts';
import { mapInOrder } from '../in-order.ts';
import type { Behaviour } from './behaviour.ts';
import { drawMac } from './free-addresses.ts';

type Relation = 'datapath_network' | 'datapath_segment' | 'datapath_route_link';
type Member = 'topology_network' | 'topology_segment' | 'topology_route_link';
type Columns = Readonly<Record<string, number | null>>;

/** What is put on datapaths: the relation of the topology, that of the datapath, and the column of both. */
const parts = [
  { member: 'topology_network', relation: 'datapath_network', other: 'network_id' },
  { member: 'topology_segment', relation: 'datapath_segment', other: 'segment_id' },
  { member: 'topology_route_link', relation: 'datapath_route_link', other: 'route_link_id' },
] as const satisfies { member: Member; relation: Relation; other: string }[];

export const topology: Behaviour<'topology'> = {
  async follow(tx, touched) {
    for (const id of await affected(tx, touched)) {
      const row = await tx.get('topology', id);
      if (row) await putOnDatapaths(tx, row);
    }
  },
};

/** The address of the host is the first of its interface, which must be that of the datapath. */
export const topologyDatapath: Behaviour<'topology_datapath'> = {
  fills: ['ip_lease_uuid'],
  async complete(tx, values, _more, { applying }) {
    const { uuid, mode } = (await tx.get('interface', values.interface_id))!;
    if (values.ip_lease_id != null) {
      const lease = (await tx.get('ip_lease', values.ip_lease_id))!;
      // It was one when it was chosen, though it may have been released or moved since.
      if (lease.interface_id === values.interface_id || applying) return values;
      throw new ApiError('argument', `ip_lease_uuid ${lease.uuid} is not a lease of ${uuid}`);
    }
    const { interface_id, datapath_id } = values;
    const datapath = (await tx.get('datapath', datapath_id))!;
    const [lease] = await tx.find('ip_lease', { interface_id }, { limit: 1 });
    if (mode === 'host' && lease && (await tx.count('interface_port', { interface_id, datapath_id })) > 0) {
      return { ...values, ip_lease_id: lease.id };
    }
    const lacks = mode !== 'host' ? `mode host (it has ${mode})` : lease ? `a port on ${datapath.uuid}` : 'an IP lease';
    throw new ApiError(
      'argument',
      `interface_uuid ${uuid} needs ${lacks} to be the host interface of ${datapath.uuid}`,
    );
  },
};

/** Adds a new object to the topology that its request names. */
export function joinTopology<K extends 'network' | 'segment' | 'route_link'>(kind: K) {
  return async (tx: Transaction, row: RowOf<K>, { topology_id }: Given & { topology_id?: number }): Promise<void> => {
    if (topology_id !== undefined)
      await tx.insert(`topology_${kind}`, { topology_id, [`${kind}_id`]: row.id } as never);
  };
}

/** Topologies of which something has changed, and those that lie over them. */
async function affected(reader: Reader, touched: readonly Touched[]): Promise<Set<number>> {
  const found = new Set<number>();
  for (const { kind, before, after } of touched) {
    const part = parts.find(({ relation }) => relation === kind);
    // What was made by hand was in the place of what a topology would have made.
    if (part && before && !after && (before as unknown as Columns).topology_id === null) {
      const { member, other } = part;
      const id = (before as unknown as Columns)[other]!;
      for (const { topology_id } of await reader.find<Member>(member, { [other]: id })) found.add(topology_id);
    }
    for (const row of [before, after] as unknown as (Columns | null)[]) {
      if (!row) continue;
      if (kind === 'topology_layer') found.add(row.overlay_id!);
      else if (kind.startsWith('topology_')) found.add(row.topology_id!);
      // A group that had no range yet.
      else if (kind === 'mac_range') {
        const groups = await reader.find('topology_mac_range_group', { mac_range_group_id: row.mac_range_group_id! });
        for (const group of groups) found.add(group.topology_id);
      }
    }
  }
  for (const { overlay_id } of await reader.find('topology_layer', { underlay_id: [...found] })) found.add(overlay_id);
  return found;
}

/** A datapath, how its host reaches others, and where the addresses of what is put on it are from. */
type Target = Columns & { readonly datapath_id: number };

async function targetsOf(
  reader: Reader,
  { id, mode }: RowOf<'topology'>,
): Promise<(readonly [Target, groupId: number])[]> {
  const below: { underlay: number; layer: number | null }[] =
    mode === 'simple_underlay'
      ? [{ underlay: id, layer: null }]
      : (await reader.find('topology_layer', { overlay_id: id })).map((row) => ({
          underlay: row.underlay_id,
          layer: row.id,
        }));
  return (
    await mapInOrder(below, async ({ underlay, layer }): Promise<(readonly [Target, groupId: number])[]> => {
      const group = (await reader.find('topology_mac_range_group', { topology_id: underlay })).at(-1);
      const hasRange = group && (await reader.count('mac_range', { mac_range_group_id: group.mac_range_group_id })) > 0;
      if (!hasRange) return [];
      return (await reader.find('topology_datapath', { topology_id: underlay })).map((row) => {
        const { datapath_id, interface_id, ip_lease_id } = row;
        const tags = { topology_id: id, topology_layer_id: layer, topology_mac_range_group_id: group.id };
        return [{ datapath_id, interface_id, ip_lease_id, ...tags }, group.mac_range_group_id] as const;
      });
    })
  ).flat();
}

/** Makes the relations of datapaths that the topology asks for, and removes those that it has made and that nothing asks for. */
async function putOnDatapaths(tx: Transaction, row: RowOf<'topology'>): Promise<void> {
  const targets = await targetsOf(tx, row);
  for (const { member, relation, other } of parts) {
    const carried = relation !== 'datapath_route_link' || row.mode === 'simple_overlay';
    const members = carried ? ((await tx.find<Member>(member, { topology_id: row.id })) as unknown as Columns[]) : [];
    const kept = new Set<number>();
    for (const one of members) {
      for (const [target, groupId] of targets) {
        const where = { datapath_id: target.datapath_id, [other]: one[other]! };
        const [found] = await tx.find<Relation>(relation, where);
        if (!found) {
          const mac_address = (await drawMac(tx, groupId))!;
          kept.add((await tx.insert<Relation>(relation, { ...target, ...where, mac_address } as never)).id);
        } else if (found.topology_id === row.id && !kept.has(found.id)) {
          const moved = found.topology_mac_range_group_id !== target.topology_mac_range_group_id;
          const mac_address = moved ? (await drawMac(tx, groupId))! : found.mac_address;
          await tx.update<Relation>(relation, found.id, { ...target, mac_address } as never);
          kept.add(found.id);
        }
      }
    }
    for (const made of await tx.find<Relation>(relation, { topology_id: row.id })) {
      if (!kept.has(made.id)) await tx.remove(relation, made.id);
    }
  }
}
