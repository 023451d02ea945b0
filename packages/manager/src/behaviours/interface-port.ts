import type { Behaviour } from './behaviour.ts';

export const interfacePort: Behaviour<'interface_port'> = {
  fills: ['singular'],
  complete: async (tx, values) => ({
    ...values,
    singular: values.singular ?? (values.port_name || values.datapath_id ? true : null),
    interface_mode: (await tx.get('interface', values.interface_id))?.mode ?? null,
  }),
};
