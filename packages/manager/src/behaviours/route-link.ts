import type { Behaviour } from './behaviour.ts';
import { macOfSettings } from './relation-on-datapath.ts';
import { joinTopology } from './topology.ts';

export const routeLink: Behaviour<'route_link'> = {
  fills: ['mac_address'],
  complete: async (tx, values, _more, around) => ({
    ...values,
    mac_address: values.mac_address ?? (await macOfSettings(tx, around)),
  }),
  created: joinTopology('route_link'),
  // The original keeps addresses in a table of their own.
  view: (_reader, rows) => rows.map((row) => ({ mac_address_id: row.mac_address === null ? null : row.id })),
};
