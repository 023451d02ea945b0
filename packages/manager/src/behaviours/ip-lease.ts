import { ApiError, ipv4ToText, networkAddress, type RowOf, shell } from '@openvnet/model';
import type { Reader, Transaction } from '@openvnet/store';
import type { Json } from '../api/endpoint.ts';
import { addCommand } from '../api/parameters.ts';
import { byId, plainRecordsOf, rawOf } from '../api/record.ts';
import { mapInOrder } from '../in-order.ts';
import type { Behaviour } from './behaviour.ts';

type Lease = RowOf<'ip_lease'>;

/** The network's own address and its broadcast address can be leased, as in the original; most guests refuse to use them. */
function ofNobody({ uuid, ipv4_network, ipv4_prefix }: RowOf<'network'>, address: number): string[] {
  if (ipv4_prefix > 30) return [];
  const first = networkAddress(ipv4_network, ipv4_prefix);
  const last = first + 2 ** (32 - ipv4_prefix) - 1;
  const what = address === first ? 'the network address' : address === last ? 'the broadcast address' : undefined;
  return what ? [`${ipv4ToText(address)} is ${what} of ${uuid}; most guests cannot use it`] : [];
}

export const ipLease: Behaviour<'ip_lease'> = {
  fills: ['mac_lease_uuid'],
  async complete(tx, values, _more, { applying }) {
    requireInNetwork((await tx.get('network', values.network_id))!, values.ipv4_address);
    // Made along with its interface it may have no MAC lease, and so it may be said.
    const bare =
      applying &&
      !values.mac_lease_id &&
      (await tx.count('mac_lease', { interface_id: values.interface_id ?? 0 })) === 0;
    return bare ? values : { ...values, ...(await holderOf(tx, values)) };
  },
  created: giveNetworkToRoutes,
  findings: ({ reader }, rows) =>
    mapInOrder(rows, async ({ network_id, ipv4_address }) => ({
      notes: ofNobody((await reader.get('network', network_id))!, ipv4_address),
    })),
  async view(reader, rows) {
    const macLeases = await byId(
      reader,
      'mac_lease',
      rows.map((row) => row.mac_lease_id),
    );
    const interfaces = await byId(
      reader,
      'interface',
      rows.map((row) => row.interface_id),
    );
    return (await viewWithAddress(reader, rows)).map((seen, i) => ({
      ...seen,
      mac_lease: rawOf(macLeases.get(rows[i]!.mac_lease_id ?? 0)),
      interface: rawOf(interfaces.get(rows[i]!.interface_id ?? 0)),
    }));
  },
  actions: {
    async attach(tx, lease, given) {
      if (lease.interface_id !== null) {
        const holder = (await tx.get('interface', lease.interface_id))!;
        throw new ApiError('argument', `${lease.uuid} is already attached to ${holder.uuid}`, {
          hint: `Use: vnctl ip-leases release ${lease.uuid}`,
        });
      }
      const attached = await tx.update('ip_lease', lease.id, await holderOf(tx, given));
      await giveNetworkToRoutes(tx, attached);
      return (await plainRecordsOf(tx, 'ip_lease', [attached]))[0]!;
    },
    async release(tx, lease) {
      if (lease.interface_id === null) throw new ApiError('argument', `${lease.uuid} is attached to no interface`);
      const free = await tx.update('ip_lease', lease.id, { interface_id: null, mac_lease_id: null });
      return (await plainRecordsOf(tx, 'ip_lease', [free]))[0]!;
    },
  },
};

/** Refuses an address that is not in the network. */
export function requireInNetwork(network: RowOf<'network'>, address: number): void {
  const { uuid, ipv4_network, ipv4_prefix } = network;
  if (networkAddress(address, ipv4_prefix) === networkAddress(ipv4_network, ipv4_prefix)) return;
  throw new ApiError('argument', `IP Address ${ipv4ToText(address)} not in subnet ${ipv4ToText(ipv4_network)}.`, {
    hint: `ipv4_address: expected an address of ${uuid} (${ipv4ToText(ipv4_network)}/${ipv4_prefix}); for a free one, leave it out. Use: ${shell`vnctl interfaces add --network-uuid ${uuid}`}`,
  });
}

/** The interface's first lease of an address. */
export async function firstLeaseOf(reader: Reader, interfaceId: number): Promise<Lease | undefined> {
  return (await reader.find('ip_lease', { interface_id: interfaceId }, { limit: 1 }))[0];
}

/** The first lease of each interface that has one. */
export async function firstLeasesOf(
  reader: Reader,
  interfaceIds: readonly (number | null)[],
): Promise<Map<number, Lease>> {
  const leases = await reader.find('ip_lease', { interface_id: interfaceIds.filter((id) => id !== null) });
  return new Map(leases.toReversed().map((lease) => [lease.interface_id!, lease]));
}

/** Leases as an interface shows them. */
export async function viewWithAddress(reader: Reader, rows: readonly Lease[]): Promise<Json[]> {
  const networks = await byId(
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
export async function giveNetworkToRoutes(tx: Transaction, lease: Lease): Promise<void> {
  if (lease.interface_id === null) return;
  for (const route of await tx.find('route', { interface_id: lease.interface_id, network_id: null })) {
    await tx.update('route', route.id, { network_id: lease.network_id });
  }
}

/** Of interface and MAC lease each follows from the other: the MAC lease's interface, the interface's first MAC lease. */
async function holderOf(
  reader: Reader,
  { interface_id, mac_lease_id }: { interface_id?: number | null; mac_lease_id?: number | null },
): Promise<{ interface_id: number | null; mac_lease_id: number | null }> {
  if (mac_lease_id != null) {
    return { mac_lease_id, interface_id: (await reader.get('mac_lease', mac_lease_id))!.interface_id };
  }
  if (interface_id == null) return { interface_id: null, mac_lease_id: null };
  const first = (await reader.find('mac_lease', { interface_id }, { limit: 1 }))[0];
  if (first) return { interface_id, mac_lease_id: first.id };
  const { uuid } = (await reader.get('interface', interface_id))!;
  const command = addCommand('mac_lease', `--interface-uuid ${uuid} --mac-address MAC`);
  throw new ApiError('argument', `interface ${uuid} has no MAC lease for the address`, { hint: `Use: ${command}` });
}
