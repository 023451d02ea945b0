import type { Kind } from '@openvnet/model';
import type { Behaviour } from './behaviour.ts';
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

/** Kinds of which something is not ordinary. */
const behaviours: { readonly [K in Kind]?: Behaviour<K> } = {
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
};

const ordinary = {};

export function behaviourOf<K extends Kind>(kind: K): Behaviour<K> {
  return (behaviours[kind] as Behaviour<K> | undefined) ?? ordinary;
}
