/** Addresses of hosts in the networks between them, as the original registers them: leases of the interfaces of hosts. */
import { type Change, ipv4ToText, parseIpv4, type RowOf } from '@openvnet/model';
import type { Reader } from '@openvnet/store';

const relations = ['datapath_network', 'datapath_segment', 'datapath_route_link'] as const;

/** Whether the addresses of hosts may depend on a change; `present` are those that hosts have. */
export function concernsHostAddresses({ kind, row }: Change, present: ReadonlySet<string>): boolean {
  if (kind === 'ip_lease') return row === null || present.has(ipv4ToText(row.ipv4_address));
  // Removed with its interface, or by itself.
  return isRelation(kind) && (row === null || (row as { interface_id: number | null }).interface_id !== null);
}

function isRelation(kind: string): boolean {
  return relations.some((one) => one === kind);
}

/**
 * For each datapath, those of `present` that are leased to an interface of mode host with which a network, segment or route link is added
 * to the datapath; in the order of these additions.
 */
export async function hostAddresses(reader: Reader, present: ReadonlySet<string>): Promise<Map<number, string[]>> {
  const found = new Map<number, string[]>();
  const ipv4_address = [...present].flatMap((address) => parseIpv4(address) ?? []);
  const leases = await reader.find('ip_lease', { ipv4_address });
  const ofHosts = await reader.find('interface', { id: leases.flatMap(({ interface_id }) => interface_id ?? []) });
  const interface_id = ofHosts.flatMap(({ id, mode }) => (mode === 'host' ? [id] : []));
  if (interface_id.length === 0) return found;
  for (const kind of relations)
    for (const row of await reader.find(kind, { interface_id }))
      found.set(row.datapath_id, [...(found.get(row.datapath_id) ?? []), ...addressesOf(row, leases)]);
  return found;
}

function addressesOf(
  { interface_id, ip_lease_id }: { readonly interface_id: number | null; readonly ip_lease_id: number | null },
  leases: readonly RowOf<'ip_lease'>[],
): string[] {
  const own = leases.filter((lease) => lease.interface_id === interface_id);
  return own
    .filter(({ id }) => ip_lease_id === null || id === ip_lease_id)
    .map((lease) => ipv4ToText(lease.ipv4_address));
}
