import type { Resource, Row } from '../resource.ts';
import { datapath } from './datapath.ts';
import { datapathNetwork } from './datapath-network.ts';
import { datapathRouteLink } from './datapath-route-link.ts';
import { iface } from './interface.ts';
import { interfacePort } from './interface-port.ts';
import { ipLease } from './ip-lease.ts';
import { macLease } from './mac-lease.ts';
import { network } from './network.ts';
import { networkService } from './network-service.ts';
import { route } from './route.ts';
import { routeLink } from './route-link.ts';

/** Every resource there is. A new one is its file and its line here. */
export const resources = {
  datapath,
  network,
  interface: iface,
  interface_port: interfacePort,
  mac_lease: macLease,
  ip_lease: ipLease,
  network_service: networkService,
  route_link: routeLink,
  route,
  datapath_network: datapathNetwork,
  datapath_route_link: datapathRouteLink,
} as const;

export type Kind = keyof typeof resources;
export type RowOf<K extends Kind> = Row<(typeof resources)[K]>;
export const kinds = Object.keys(resources) as readonly Kind[];

/** The resource of a kind, as shared code sees it. */
export function resourceOf(kind: string): Resource {
  const found = (resources as Record<string, Resource | undefined>)[kind];
  if (!found) throw new RangeError(`no resource is called ${kind}`);
  return found;
}
