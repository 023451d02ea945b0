import { encapsulations, narrowestPath } from '@openvnet/model';
import type { Lookup } from '../engine/feature.ts';
import type { Rows, Station, View } from '../engine/relations.ts';
import type { DhcpTerms } from './dhcp-answer.ts';
import { dnsSuffixOf } from './dns-suffix.ts';

type Route = Rows['route'];

/** What the guests of a network are told: its mask, who routes to where, who answers for names. */
export function dhcpTerms(networkId: number, lookup: Pick<Lookup, 'get' | 'where' | 'remember'>): DhcpTerms {
  const network = lookup.get('network', networkId);
  if (!network) return {};
  const stations = lookup.where('station', 'network_id', networkId);
  const mask = maskOf(network.ipv4_prefix);
  const routers = stations.filter((station) => entries(station, lookup).length > 0).map(({ ip }) => ip);
  const dns_servers = stations.filter(({ dns_port }) => dns_port !== null).map(({ ip }) => ip);
  const classless_routes = classlessRoutes(stations, lookup);
  const mtu = network.mtu ?? lookup.remember(`mtu of network ${networkId}`, (view) => defaultMtu(view, networkId));
  return {
    subnet_mask: mask,
    // One that is told classless routes does not look at the routers. RFC 3442.
    ...(routers.length > 0 && { routers }),
    ...(dns_servers.length > 0 && { dns_servers }),
    domain_name: dnsSuffixOf(network),
    ...(mtu !== undefined && { interface_mtu: mtu }),
    broadcast_address: (network.ipv4_network | ~mask) >>> 0,
    ...(classless_routes.length > 0 && { classless_routes }),
  };
}

const ethernetMtu = 1500;

/**
 * What passes between all hosts with members of the network, where the tunnels between them take less than Ethernet does. A
 * network that is on this host alone may come to others: hosts like this one.
 */
function defaultMtu(view: View, networkId: number): number | undefined {
  const own = view.get('datapath', view.datapathId);
  const domain = view.get('network_domain', networkId)?.domain_id;
  if (!own || domain === undefined || !hasTunnels(view)) return undefined;
  const others = view
    .where('flood_peer', 'domain_id', domain)
    .flatMap(({ datapath_id }) => view.get('datapath', datapath_id) ?? []);
  const mtu = narrowestPath([own, ...(others.length > 0 ? others : [own])])?.mtu;
  return mtu !== undefined && mtu < ethernetMtu ? mtu : undefined;
}

/** A switch has tunnel ports where there are other hosts. */
function hasTunnels(view: View): boolean {
  return encapsulations.some((one) => view.where('tunnel', 'encapsulation', one).length > 0);
}

/** The routes by which packets of the station's network enter a router at it. */
function entries({ interface_id, network_id }: Station, lookup: Pick<Lookup, 'where'>): Route[] {
  return lookup
    .where('route', 'interface_id', interface_id)
    .filter((route) => route.ingress && (route.network_id ?? network_id) === network_id);
}

/** Every range that a router of the network leads to, and the default by the first of them; the first of equal ones has it. */
function classlessRoutes(
  stations: readonly Station[],
  lookup: Pick<Lookup, 'where'>,
): DhcpTerms['classless_routes'] & {} {
  const found = new Map<string, { network: number; prefix: number; router: number }>();
  const add = (network: number, prefix: number, router: number): void => {
    const key = `${network}/${prefix}`;
    if (!found.has(key)) found.set(key, { network, prefix, router });
  };
  const doors = stations.filter((station) => entries(station, lookup).length > 0);
  for (const station of doors) {
    for (const link of new Set(entries(station, lookup).map(({ route_link_id }) => route_link_id))) {
      for (const route of lookup.where('route', 'route_link_id', link)) {
        const elsewhere = route.interface_id !== station.interface_id || route.network_id !== station.network_id;
        if (route.egress && elsewhere) add(route.ipv4_network, route.ipv4_prefix, station.ip);
      }
    }
  }
  if (doors[0]) add(0, 0, doors[0].ip);
  return [...found.values()];
}

function maskOf(prefix: number): number {
  return prefix === 0 ? 0 : (0xffff_ffff << (32 - prefix)) >>> 0;
}
