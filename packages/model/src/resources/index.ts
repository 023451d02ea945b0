import type { Resource, Row } from '../resource.ts';
import { datapath } from './datapath.ts';
import { datapathNetwork } from './datapath-network.ts';
import { datapathRouteLink } from './datapath-route-link.ts';
import { datapathSegment } from './datapath-segment.ts';
import { dnsRecord } from './dns-record.ts';
import { dnsService } from './dns-service.ts';
import { filter } from './filter.ts';
import { filterStatic } from './filter-static.ts';
import { iface } from './interface.ts';
import { interfaceNetwork } from './interface-network.ts';
import { interfacePort } from './interface-port.ts';
import { interfaceRouteLink } from './interface-route-link.ts';
import { interfaceSegment } from './interface-segment.ts';
import { ipLease } from './ip-lease.ts';
import { macLease } from './mac-lease.ts';
import { network } from './network.ts';
import { networkService } from './network-service.ts';
import { route } from './route.ts';
import { routeLink } from './route-link.ts';
import { segment } from './segment.ts';
import { translation } from './translation.ts';
import { translationStaticAddress } from './translation-static-address.ts';

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
  segment,
  interface_network: interfaceNetwork,
  interface_segment: interfaceSegment,
  interface_route_link: interfaceRouteLink,
  datapath_segment: datapathSegment,
  dns_service: dnsService,
  dns_record: dnsRecord,
  filter,
  filter_static: filterStatic,
  translation,
  translation_static_address: translationStaticAddress,
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
