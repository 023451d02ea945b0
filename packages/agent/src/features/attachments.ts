import { derivation, waiting } from '../engine/feature.ts';
import type { View } from '../engine/relations.ts';

/** Ports in one part of a network, for broadcasts: a change of one port rewrites a flow of at most so many outputs. */
const portsPerPart = 256;

/** The addresses that are on this switch, with all that flows need of them. */
export const attachments = derivation({
  into: 'attachment',
  doc: 'IP leases of interfaces that are on the switch.',
  source: { of: 'ip_lease' },
  select: (view, id) => {
    const lease = view.get('ip_lease', id)!;
    if (lease.interface_id === null) return undefined;
    const binding = view.get('binding', lease.interface_id);
    if (!binding) return undefined;
    const macLease = macLeaseOf(view, lease.mac_lease_id, lease.interface_id);
    if (!macLease) return waiting('ip_lease', id, 'a MAC lease of its interface');
    const { network_id, interface_id, ipv4_address } = lease;
    return {
      id,
      network_id,
      interface_id,
      mac_lease_id: macLease.id,
      mac: macLease.mac_address,
      ip: ipv4_address,
      port: binding.port,
      filtered: view.get('interface', interface_id)?.enable_filtering ?? false,
      flood_part: binding.port === null ? null : network_id * 0x1_0000 + Math.floor(binding.port / portsPerPart),
    };
  },
});

function macLeaseOf(
  view: View,
  id: number | null,
  interfaceId: number,
): { id: number; mac_address: number } | undefined {
  return id === null ? view.where('mac_lease', 'interface_id', interfaceId)[0] : view.get('mac_lease', id);
}

/** The parts of each network's ports. */
export const floodParts = derivation({
  into: 'flood_part',
  doc: 'Networks to the parts of their ports.',
  source: { of: 'attachment', by: 'flood_part' },
  select: (_, id) => ({ id, network_id: Math.floor(id / 0x1_0000), part: id % 0x1_0000 }),
});
