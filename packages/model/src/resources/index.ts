import type { Resource, Row } from '../resource.ts';
import { activeInterface } from './active-interface.ts';
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
import { ipLeaseContainer } from './ip-lease-container.ts';
import { ipLeaseContainerIpLease } from './ip-lease-container-ip-lease.ts';
import { ipRange } from './ip-range.ts';
import { ipRangeGroup } from './ip-range-group.ts';
import { ipRetention } from './ip-retention.ts';
import { ipRetentionContainer } from './ip-retention-container.ts';
import { leasePolicy } from './lease-policy.ts';
import { leasePolicyInterface } from './lease-policy-interface.ts';
import { leasePolicyIpLeaseContainer } from './lease-policy-ip-lease-container.ts';
import { leasePolicyIpRetentionContainer } from './lease-policy-ip-retention-container.ts';
import { leasePolicyNetwork } from './lease-policy-network.ts';
import { macLease } from './mac-lease.ts';
import { macRange } from './mac-range.ts';
import { macRangeGroup } from './mac-range-group.ts';
import { network } from './network.ts';
import { networkService } from './network-service.ts';
import { route } from './route.ts';
import { routeLink } from './route-link.ts';
import { segment } from './segment.ts';
import { topology } from './topology.ts';
import { topologyDatapath } from './topology-datapath.ts';
import { topologyLayer } from './topology-layer.ts';
import { topologyMacRangeGroup } from './topology-mac-range-group.ts';
import { topologyNetwork } from './topology-network.ts';
import { topologyRouteLink } from './topology-route-link.ts';
import { topologySegment } from './topology-segment.ts';
import { translation } from './translation.ts';
import { translationStaticAddress } from './translation-static-address.ts';

/** Every resource there is. A new one is its file and its line here. */
export const resources = {
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
  mac_range_group: macRangeGroup,
  mac_range: macRange,
  ip_range_group: ipRangeGroup,
  ip_range: ipRange,
  ip_lease_container: ipLeaseContainer,
  ip_lease_container_ip_lease: ipLeaseContainerIpLease,
  ip_retention_container: ipRetentionContainer,
  ip_retention: ipRetention,
  lease_policy: leasePolicy,
  lease_policy_network: leasePolicyNetwork,
  lease_policy_interface: leasePolicyInterface,
  lease_policy_ip_lease_container: leasePolicyIpLeaseContainer,
  lease_policy_ip_retention_container: leasePolicyIpRetentionContainer,
  topology,
  topology_datapath: topologyDatapath,
  topology_network: topologyNetwork,
  topology_segment: topologySegment,
  topology_route_link: topologyRouteLink,
  topology_mac_range_group: topologyMacRangeGroup,
  topology_layer: topologyLayer,
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
