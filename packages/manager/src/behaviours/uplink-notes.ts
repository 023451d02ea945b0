/** Interfaces whose port could carry several networks: status says which of them it does not carry. */
import { type Joined, joinedByUplink, type RowOf, shell } from '@openvnet/model';
import type { Reader } from '@openvnet/store';
import { addCommand } from '../api/parameters.ts';
import { byId } from '../api/record.ts';
import { mapInOrder } from '../in-order.ts';
import type { Facts } from '../status/facts.ts';

type Row = RowOf<'interface'>;

/** Modes of interfaces that join a network to others outside by their port. */
export const joining: ReadonlySet<Row['mode']> = new Set(['host', 'patch', 'promiscuous']);

/** For each interface at a port, a note for every network or segment that its port could carry besides the one that it carries. */
export async function uplinkNotes(facts: Facts, rows: readonly Row[]): Promise<ReadonlyMap<number, readonly string[]>> {
  const uplinks = rows.flatMap((row) => {
    const [bound] = facts.agents.boundTo(row.id);
    return joining.has(row.mode) && bound ? [{ row, bound }] : [];
  });
  const noted = await mapInOrder(uplinks, async ({ row, bound }) => {
    const [carried, ...others] = await joinedAt(facts.reader, row, bound.datapath_id);
    return [row.id, others.map((other) => notCarried(bound.port_name, carried!, other))] as const;
  });
  return new Map(noted);
}

const removals: Readonly<Record<Joined['kind'], (datapath: string, uuid: string) => string>> = {
  network: (datapath, uuid) => shell`vnctl datapaths networks del ${datapath} ${uuid}`,
  segment: (datapath, uuid) => shell`vnctl datapaths segments del ${datapath} ${uuid}`,
};

interface Named extends Joined {
  readonly uuid: string;
  /** The command that removes what names it, if only a relation of the datapath does. */
  readonly removal: string | undefined;
}

/** What an interface at a port of a datapath could join to it, each broadcast domain once. */
async function joinedAt(reader: Reader, { id, mode }: Row, datapath_id: number): Promise<Named[]> {
  const own = { interface_id: [id] };
  const here = { ...own, datapath_id: [datapath_id] };
  const rows = {
    ip_lease: await reader.find('ip_lease', own),
    mac_lease: await reader.find('mac_lease', own),
    interface_network: await reader.find('interface_network', own),
    interface_segment: await reader.find('interface_segment', own),
    datapath_network: await reader.find('datapath_network', here),
    datapath_segment: await reader.find('datapath_segment', here),
  };
  const networks = await byId(
    reader,
    'network',
    [...rows.ip_lease, ...rows.interface_network, ...rows.datapath_network].map(({ network_id }) => network_id),
  );
  const segments = await byId(
    reader,
    'segment',
    [...rows.mac_lease, ...rows.interface_segment, ...rows.datapath_segment].map(({ segment_id }) => segment_id),
  );
  const found = { network: networks, segment: segments };
  const joined = joinedByUplink(mode, rows, ({ kind, id: number }) => found[kind].get(number)?.mode);
  const datapath = (await reader.get('datapath', datapath_id))!.uuid;
  const removalOf = (one: Joined, uuid: string): string | undefined => {
    const relations = one.kind === 'network' ? rows.datapath_network : rows.datapath_segment;
    const named = joined.filter(({ kind, id: number }) => kind === one.kind && number === one.id).length;
    const related = relations.some((row) => ('network_id' in row ? row.network_id : row.segment_id) === one.id);
    return named === 1 && related ? removals[one.kind](datapath, uuid) : undefined;
  };
  const domains = new Map<string, Named>();
  for (const each of joined) {
    const row = found[each.kind].get(each.id)!;
    // Networks of one segment share its broadcast domain.
    const segment = each.kind === 'network' ? networks.get(each.id)!.segment_id : each.id;
    const domain = segment === null ? `network ${each.id}` : `segment ${segment}`;
    if (!domains.has(domain)) domains.set(domain, { ...each, uuid: row.uuid, removal: removalOf(each, row.uuid) });
  }
  return [...domains.values()];
}

function notCarried(port: string | null, carried: Named, { kind, uuid, removal }: Named): string {
  const address = kind === 'network' ? ' --ipv4-address ADDRESS' : '';
  const options = shell`--mode promiscuous --port-name PORT --${kind}-uuid ${uuid}`;
  const command = removal ?? addCommand('interface', `${options}${address} --mac-address MAC`);
  return `port ${port} carries ${carried.uuid} and not ${uuid}, because an uplink carries one ${kind}. Use: ${command}`;
}
