import { shell } from '@openvnet/model';
import { byId } from '../api/record.ts';
import type { Behaviour } from './behaviour.ts';
import { firstLeaseOf } from './ip-lease.ts';

export const route: Behaviour<'route'> = {
  fills: ['network_uuid'],
  // An interface without a lease gives the network when it gets one: see the behaviour of IP leases.
  complete: async (tx, values) => ({
    ...values,
    network_id: values.network_id ?? (await firstLeaseOf(tx, values.interface_id))?.network_id ?? null,
  }),
  async findings({ reader }, rows) {
    const gateways = await byId(
      reader,
      'interface',
      rows.map(({ interface_id }) => interface_id),
    );
    return rows.map(({ interface_id }) => {
      const { uuid, mode } = gateways.get(interface_id)!;
      if (mode !== 'vif') return {};
      const command = shell`vnctl interfaces modify ${uuid} --mode simulated`;
      return { waits_for: [`${uuid} has mode ${mode}; a gateway needs mode simulated. Use: ${command}`] };
    });
  },
  view: (_reader, rows) => rows.map(({ created_at, updated_at }) => ({ mode: 'gateway', created_at, updated_at })),
};
