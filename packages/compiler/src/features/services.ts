import { type Wait, waiting } from '../engine/feature.ts';
import type { Rows, Station, View } from '../engine/relations.ts';
import { ethernet, type Flow, handOver, priority } from '../pipeline/flow.ts';
import type { AgentReason } from '../pipeline/tables.ts';

/** The addresses at which a network service is offered, or what it waits for. */
export function stationsOf(
  view: View,
  service: Rows['network_service'],
  offers: (station: Station) => boolean = () => true,
): readonly Station[] | Wait | undefined {
  const { id, interface_id } = service;
  if (interface_id === null) return waiting('network_service', id, 'an interface');
  const stations = view.where('station', 'interface_id', interface_id).filter(offers);
  if (stations.length > 0) return stations;
  const { uuid, mode } = view.get('interface', interface_id) ?? {};
  return mode === 'simulated' && !view.get('binding', interface_id)
    ? undefined
    : waiting('network_service', id, `an IP lease of ${uuid ?? 'its interface'}, which must be simulated`);
}

type Port =
  | { readonly ip_proto: number; readonly udp_dst: number }
  | { readonly ip_proto: number; readonly tcp_dst: number };

/** Punts what is sent to a port of a gateway's own address. */
export function toService({ interface_id, ip }: Station, port: Port, reason: AgentReason): Flow {
  return {
    table: 'route_in',
    priority: priority.urgent + 1,
    match: { gateway: interface_id, eth_type: ethernet.ipv4, ipv4_dst: ip, ...port },
    ...handOver(reason),
  };
}
