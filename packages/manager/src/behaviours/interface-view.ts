import type { RowOf } from '@openvnet/model';
import type { Reader } from '@openvnet/store';
import type { Json } from '../api/endpoint.ts';
import { plainRecordsOf } from '../api/record.ts';
import { viewWithAddress } from './ip-lease.ts';

/** The leases of each interface, one within the other, and what clients usually want of them. */
export async function interfaceView(reader: Reader, rows: readonly RowOf<'interface'>[]): Promise<Json[]> {
  const macLeases = await reader.find('mac_lease', { interface_id: rows.map(({ id }) => id) });
  const ipLeases = await reader.find('ip_lease', { mac_lease_id: macLeases.map(({ id }) => id) });
  const ipExtras = await viewWithAddress(reader, ipLeases);
  const ipRecords = (await plainRecordsOf(reader, 'ip_lease', ipLeases)).map(
    (record, i): Json => ({ ...record, ...ipExtras[i] }),
  );
  const ipOf = Map.groupBy(ipRecords, (record) => record.mac_lease_id as number);
  const macRecords = (await plainRecordsOf(reader, 'mac_lease', macLeases)).map(
    (record, i): Json & { ip_leases: Json[] } => ({
      ...record,
      mac_address_id: macLeases[i]!.id,
      ip_leases: ipOf.get(macLeases[i]!.id) ?? [],
    }),
  );
  const macOf = Map.groupBy(macRecords, (record) => record.interface_id as number);
  return rows.map((row) => summary(macOf.get(row.id) ?? []));
}

function summary(leases: readonly (Json & { ip_leases: Json[] })[]): Json {
  const last = leases.at(-1);
  const address = leases.findLast(({ ip_leases }) => ip_leases.length > 0)?.ip_leases[0];
  return {
    enable_legacy_filtering: false,
    mac_leases: leases,
    mac_address: leases[0]?.mac_address ?? null,
    ...(last && { ip_leases: last.ip_leases }),
    network_uuid: address?.network_uuid ?? null,
    ipv4_address: address?.ipv4_address ?? null,
  };
}
