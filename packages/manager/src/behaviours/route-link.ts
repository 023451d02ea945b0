import type { Behaviour } from './behaviour.ts';

export const routeLink: Behaviour<'route_link'> = {
  // The original keeps addresses in a table of their own.
  view: (_reader, rows) => rows.map((row) => ({ mac_address_id: row.mac_address === null ? null : row.id })),
};
