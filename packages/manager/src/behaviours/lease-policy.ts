import { ApiError, freshUuid, type RowOf } from '@openvnet/model';
import type { Transaction } from '@openvnet/store';
import type { Given } from '../api/endpoint.ts';
import { addCommand, requireUuid } from '../api/parameters.ts';
import { recordOf } from '../api/record.ts';
import type { Behaviour, Surroundings } from './behaviour.ts';
import { freeAddress } from './drawn-addresses.ts';
import { giveNetworkToRoutes } from './ip-lease.ts';

type Policy = RowOf<'lease_policy'>;

export const leasePolicy: Behaviour<'lease_policy'> = {
  actions: {
    async ip_leases(tx, policy, given: Given & { ip_lease_uuid?: string; label?: string }, around) {
      const { ip_lease_uuid: named, label } = given;
      const uuid = named === undefined ? freshUuid('il') : requireUuid('ip_lease', named, 'uuid');
      if (await tx.byUuid('ip_lease', uuid)) throw new ApiError('duplicateUuid', uuid);
      return await recordOf(tx, 'ip_lease', await allocate(tx, policy, { uuid, label }, around));
    },
  },
};

/** An interface that is added to a policy is given an address, unless the request says that it has what it needs. */
export const leasePolicyInterface: Behaviour<'lease_policy_interface'> = {
  // Leases are part of a topology themselves.
  exportedWith: { allocate: false },
  async created(tx, row, { allocate: wanted = true }: Given & { allocate?: boolean }, around) {
    if (!wanted) return;
    const policy = (await tx.get('lease_policy', row.lease_policy_id))!;
    const { uuid } = (await tx.get('interface', row.interface_id))!;
    if (policy.timing !== 'immediate') {
      throw new ApiError('argument', `${policy.uuid} has timing ${policy.timing}`, {
        hint: `Use: vnctl lease-policies modify ${policy.uuid} --timing immediate`,
      });
    }
    const [macLease] = await tx.find('mac_lease', { interface_id: row.interface_id }, { limit: 1 });
    if (!macLease) {
      const command = addCommand('mac_lease', `--interface-uuid ${uuid} --mac-address MAC`);
      throw new ApiError('argument', `interface ${uuid} has no MAC lease for the address`, { hint: `Use: ${command}` });
    }
    const holder = { interface_id: row.interface_id, mac_lease_id: macLease.id };
    const lease = await allocate(tx, policy, { uuid: freshUuid('il'), label: row.label, ...holder }, around);
    await giveNetworkToRoutes(tx, lease);
  },
};

interface Wanted {
  readonly uuid: string;
  readonly label?: string | null | undefined;
  readonly interface_id?: number;
  readonly mac_lease_id?: number;
}

/** A lease of a free address of the policy, in its containers. */
async function allocate(
  tx: Transaction,
  policy: Policy,
  wanted: Wanted,
  around: Surroundings,
): Promise<RowOf<'ip_lease'>> {
  const { uuid, label = null, interface_id = null, mac_lease_id = null } = wanted;
  const found = await addressOf(tx, policy);
  const lease = await tx.insert('ip_lease', { uuid, enable_routing: false, ...found, interface_id, mac_lease_id });
  const containers = { lease_policy_id: policy.id, ...(label !== null && { label }) };
  for (const { ip_lease_container_id } of await tx.find('lease_policy_ip_lease_container', containers)) {
    await tx.insert('ip_lease_container_ip_lease', { ip_lease_container_id, ip_lease_id: lease.id });
  }
  for (const { ip_retention_container_id } of await tx.find('lease_policy_ip_retention_container', {
    lease_policy_id: policy.id,
  })) {
    await tx.insert('ip_retention', { ip_retention_container_id, ip_lease_id: lease.id, leased_at: around.now() });
  }
  return lease;
}

/** Of the first network of the policy that has one. */
async function addressOf(tx: Transaction, policy: Policy): Promise<{ network_id: number; ipv4_address: number }> {
  const networks = await tx.find('lease_policy_network', { lease_policy_id: policy.id });
  if (networks.length === 0) {
    const command = `vnctl lease-policies networks add ${policy.uuid} NETWORK --ip-range-group-uuid GROUP`;
    throw new ApiError('argument', `${policy.uuid} has no network`, { hint: `Use: ${command}` });
  }
  const tried: string[] = [];
  for (const { network_id, ip_range_group_id } of networks) {
    const network = (await tx.get('network', network_id))!;
    const group = (await tx.get('ip_range_group', ip_range_group_id))!;
    const ipv4_address = await freeAddress(tx, network, { group });
    if (ipv4_address !== undefined) return { network_id, ipv4_address };
    tried.push(`${group.uuid} in ${network.uuid}`);
  }
  throw new ApiError('argument', `no address of ${policy.uuid} is free: ${tried.join(', ')} has none left`, {
    hint: 'Use: vnctl ip-range-groups ip-ranges add GROUP --begin-ipv4-address ADDRESS --end-ipv4-address ADDRESS',
  });
}
