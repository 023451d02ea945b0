import type { Behaviour } from './behaviour.ts';
import { firstLeaseOf } from './ip-lease.ts';

export const route: Behaviour<'route'> = {
  fills: ['network_uuid'],
  // An interface without a lease gives the network when it gets one: see the behaviour of IP leases.
  complete: async (tx, values) => ({
    ...values,
    network_id: values.network_id ?? (await firstLeaseOf(tx, values.interface_id))?.network_id ?? null,
  }),
  view: (_reader, rows) => rows.map(({ created_at, updated_at }) => ({ mode: 'gateway', created_at, updated_at })),
};
