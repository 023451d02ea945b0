import type { Kind } from '@openvnet/model';
import { activeInterface } from './active-interface.ts';
import type { Behaviour } from './behaviour.ts';
import { datapath } from './datapath.ts';
import { datapathNetwork } from './datapath-network.ts';
import { datapathRouteLink } from './datapath-route-link.ts';
import { datapathSegment } from './datapath-segment.ts';
import { dnsService } from './dns-service.ts';
import { filterStatic } from './filter-static.ts';
import { iface } from './interface.ts';
import { interfaceNetwork, interfaceRouteLink, interfaceSegment } from './interface-association.ts';
import { interfacePort } from './interface-port.ts';
import { ipLease } from './ip-lease.ts';
import { ipRetention } from './ip-retention.ts';
import { leasePolicy, leasePolicyInterface } from './lease-policy.ts';
import { macLease } from './mac-lease.ts';
import { network } from './network.ts';
import { networkService } from './network-service.ts';
import { ipRange, macRange } from './ranges.ts';
import { route } from './route.ts';
import { routeLink } from './route-link.ts';
import { segment } from './segment.ts';
import { filter, translation } from './switched-on.ts';
import { topology, topologyDatapath } from './topology.ts';
import { translationStaticAddress } from './translation-static-address.ts';

/** Kinds of which something is not ordinary. */
export const behaviours: { readonly [K in Kind]?: Behaviour<K> } = {
  datapath,
  network,
  interface: iface,
  interface_port: interfacePort,
  active_interface: activeInterface,
  mac_lease: macLease,
  ip_lease: ipLease,
  network_service: networkService,
  route_link: routeLink,
  route,
  datapath_network: datapathNetwork,
  datapath_route_link: datapathRouteLink,
  datapath_segment: datapathSegment,
  dns_service: dnsService,
  filter,
  filter_static: filterStatic,
  interface_network: interfaceNetwork,
  interface_segment: interfaceSegment,
  interface_route_link: interfaceRouteLink,
  ip_range: ipRange,
  mac_range: macRange,
  ip_retention: ipRetention,
  lease_policy: leasePolicy,
  lease_policy_interface: leasePolicyInterface,
  segment,
  topology,
  topology_datapath: topologyDatapath,
  translation,
  translation_static_address: translationStaticAddress,
};
