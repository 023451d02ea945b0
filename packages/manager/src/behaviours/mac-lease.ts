import { isUnicastMac, macToText, shell } from '@openvnet/model';
import { byId, rawOf } from '../api/record.ts';
import type { Behaviour } from './behaviour.ts';

export const macLease: Behaviour<'mac_lease'> = {
  // A lease that moves to another interface takes its IP leases along.
  async changed(tx, row) {
    for (const lease of await tx.find('ip_lease', { mac_lease_id: row.id })) {
      await tx.update('ip_lease', lease.id, { interface_id: row.interface_id });
    }
  },
  // Stores of earlier versions may hold others.
  findings: (_facts, rows) =>
    rows.map(({ uuid, mac_address }) => ({
      notes: isUnicastMac(mac_address)
        ? []
        : [
            `${macToText(mac_address)} is a broadcast, multicast or zero address, which no guest can use. Use: ${shell`vnctl mac-leases del ${uuid}`}`,
          ],
    })),
  async view(reader, rows) {
    const interfaces = await byId(
      reader,
      'interface',
      rows.map((row) => row.interface_id),
    );
    // The original keeps addresses in a table of their own.
    return rows.map((row) => ({
      mac_address_id: row.id,
      interface: rawOf(interfaces.get(row.interface_id)),
    }));
  },
};
