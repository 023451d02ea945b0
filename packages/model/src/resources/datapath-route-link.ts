import { onDatapath } from './on-datapath.ts';

export const datapathRouteLink = onDatapath({
  kind: 'route_link',
  model: 'RouteLink',
  noun: 'logical router',
  address: "The router's address on this host.",
});
