import { ApiError, ipv4ToText, networkAddress, type RowOf } from '@openvnet/model';
import type { Reader, Transaction } from '@openvnet/store';
import { addCommand } from '../api/parameters.ts';
import { byId, type Json, plainRecordsOf, rawOf } from '../api/record.ts';
import type { Behaviour } from './behaviour.ts';

type Lease = RowOf<'ip_lease'>;

export const ipLease: Behaviour<'ip_lease'> = {
  fills: ['mac_lease_uuid'],
  complete(tx, values, _more, { applying }) {
    requireInNetwork(tx.get('network', values.network_id)!, values.ipv4_address);
    // Made along with its interface it may have no MAC lease, and so it may be said.
    const bare =
      applying && !values.mac_lease_id && tx.count('mac_lease', { interface_id: values.interface_id ?? 0 }) === 0;
    return bare ? values : { ...values, ...holderOf(tx, values) };
  },
  created: giveNetworkToRoutes,
  view(reader, rows) {
    const macLeases = byId(
      reader,
      'mac_lease',
      rows.map((row) => row.mac_lease_id),
    );
    const interfaces = byId(
      reader,
      'interface',
      rows.map((row) => row.interface_id),
    );
    return viewWithAddress(reader, rows).map((seen, i) => ({
      ...seen,
      mac_lease: rawOf(macLeases.get(rows[i]!.mac_lease_id ?? 0)),
      interface: rawOf(interfaces.get(rows[i]!.interface_id ?? 0)),
    }));
  },
  actions: {
    attach(tx, lease, given) {
      if (lease.interface_id !== null) {
        const holder = tx.get('interface', lease.interface_id)!;
        throw new ApiError('argument', `${lease.uuid} is attached to ${holder.uuid} already`, {
          hint: `Use: vnctl ip-leases release ${lease.uuid}`,
        });
      }
      const attached = tx.update('ip_lease', lease.id, holderOf(tx, given));
      giveNetworkToRoutes(tx, attached);
      return plainRecordsOf(tx, 'ip_lease', [attached])[0]!;
    },
    release(tx, lease) {
      if (lease.interface_id === null) throw new ApiError('argument', `${lease.uuid} is attached to no interface`);
      const free = tx.update('ip_lease', lease.id, { interface_id: null, mac_lease_id: null });
      return plainRecordsOf(tx, 'ip_lease', [free])[0]!;
    },
  },
};

/** Refuses an address that is not in the network. */
export function requireInNetwork(network: RowOf<'network'>, address: number): void {
  const { ipv4_network, ipv4_prefix } = network;
  if (networkAddress(address, ipv4_prefix) === networkAddress(ipv4_network, ipv4_prefix)) return;
  throw new ApiError('argument', `IP Address ${ipv4ToText(address)} not in subnet ${ipv4ToText(ipv4_network)}.`);
}

/** The interface's first lease of an address. */
export function firstLeaseOf(reader: Reader, interfaceId: number): Lease | undefined {
  return reader.find('ip_lease', { interface_id: interfaceId }, { limit: 1 })[0];
}

/** The first lease of each interface that has one. */
export function firstLeasesOf(reader: Reader, interfaceIds: readonly (number | null)[]): Map<number, Lease> {
  const leases = reader.find('ip_lease', { interface_id: interfaceIds.filter((id) => id !== null) });
  return new Map(leases.toReversed().map((lease) => [lease.interface_id!, lease]));
}

/** Leases as an interface shows them. */
export function viewWithAddress(reader: Reader, rows: readonly Lease[]): Json[] {
  const networks = byId(
    reader,
    'network',
    rows.map((row) => row.network_id),
  );
  return rows.map((row) => {
    const { id, network_id, ipv4_address, created_at, updated_at, deleted_at, is_deleted } = rawOf(row)!;
    const address = { id, network_id, ipv4_address, created_at, updated_at, deleted_at, is_deleted };
    // The original keeps addresses in a table of their own.
    return {
      ip_address_id: row.id,
      ip_address: { ...address, network: rawOf(networks.get(row.network_id)) },
    };
  });
}

/** A route that was made before its interface had an address leads to the network of its first one. */
export function giveNetworkToRoutes(tx: Transaction, lease: Lease): void {
  if (lease.interface_id === null) return;
  for (const route of tx.find('route', { interface_id: lease.interface_id, network_id: null })) {
    tx.update('route', route.id, { network_id: lease.network_id });
  }
}

/** Of interface and MAC lease each follows from the other: the MAC lease's interface, the interface's first MAC lease. */
function holderOf(
  reader: Reader,
  { interface_id, mac_lease_id }: { interface_id?: number | null; mac_lease_id?: number | null },
): { interface_id: number | null; mac_lease_id: number | null } {
  if (mac_lease_id != null) {
    return { mac_lease_id, interface_id: reader.get('mac_lease', mac_lease_id)!.interface_id };
  }
  if (interface_id == null) return { interface_id: null, mac_lease_id: null };
  const first = reader.find('mac_lease', { interface_id }, { limit: 1 })[0];
  if (first) return { interface_id, mac_lease_id: first.id };
  const { uuid } = reader.get('interface', interface_id)!;
  const command = addCommand('mac_lease', `--interface-uuid ${uuid} --mac-address MAC`);
  throw new ApiError('argument', `interface ${uuid} has no MAC lease for the address`, { hint: `Use: ${command}` });
}
