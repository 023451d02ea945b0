/** What tests of uplinks on several hosts share. */
import { localPort } from '../pipeline/ports.ts';
import type { Packet } from '../simulate/simulate.ts';
import { type Arrived, TestHosts } from './hosts.ts';
import {
  arpRequest,
  echoRequest,
  interfaceRows,
  macLeaseRow,
  macOf,
  networkRows,
  type Put,
  plainInterface,
  routeRows,
  staticRow,
  TestModel,
} from './model.ts';

export const [inner, wire] = [1, 10];
export const broadcast = 0xffff_ffff_ffff;
export const address = (network: number, host: number): number => 0x0a000000 + network * 256 + host;
export const station = { mac: 0x0200_0000_0099, ip: address(wire, 99) };
export const [innerGateway, wireGateway] = [11, 12];
export const guest = { mac: macOf(1), ip: address(inner, 1) };
/** A guest of the outer network itself. */
export const outer = { mac: macOf(2), ip: address(wire, 2) };

export function uplinkRows(id: number, mode: 'host' | 'promiscuous', network = wire): Put[] {
  return [...plainInterface(id, mode, `if-${id}`), macLeaseRow(id, id, null), staticRow(id, id, { network })];
}

/**
 * Guest 1 is in network 1 and guest 2 in network 10, both on host 1, guest 3 in network 10 on host 3. A router joins the
 * networks. Hosts named have an uplink to network 10, at port 50 + host.
 */
export function outsideOf(
  uplinks: readonly number[],
  mode: 'physical' | 'virtual' = 'physical',
): { model: TestModel; hosts: TestHosts } {
  const model = new TestModel();
  const rows = [
    ...networkRows(inner),
    ...networkRows(wire, undefined, { mode }),
    ...interfaceRows(1, inner, guest.ip),
    ...interfaceRows(2, wire, outer.ip),
    ...interfaceRows(3, wire, address(wire, 3)),
    ...interfaceRows(innerGateway, inner, address(inner, 254), 'simulated'),
    ...interfaceRows(wireGateway, wire, address(wire, 254), 'simulated'),
    ...routeRows(1, 7, innerGateway, inner),
    ...routeRows(2, 7, wireGateway, wire),
    ...uplinks.flatMap((host) => uplinkRows(50 + host, mode === 'physical' ? 'host' : 'promiscuous')),
  ];
  for (const row of rows) model.put(...row);
  const hosts = new TestHosts(model, [1, 2, 3]);
  hosts.plug(1, 1, 2).plug(3, 3);
  for (const host of [1, 2, 3]) hosts.host(host).port(localPort, `br${host}`);
  for (const host of uplinks) hosts.plug(host, 50 + host);
  return { model, hosts };
}

export const at = ({ host, port }: Arrived): [number, number] => [host, port];
export const fromOutside = (host: number, to: { mac: number; ip: number }, from = station): Packet => ({
  ...echoRequest(50 + host, from.ip, to),
  eth_src: from.mac,
});
export const askedByOutside = (host: number, ip: number): Packet => ({
  ...arpRequest(50 + host, station.ip, ip),
  eth_src: station.mac,
  arp_sha: station.mac,
});
export const resolves = (hosts: TestHosts, host: number): void =>
  hosts.host(host).compiler.relations.resolved.set({ id: 1, domain_id: wire, ip: station.ip, mac: station.mac });

export const toStation = echoRequest(1, guest.ip, { mac: macOf(innerGateway), ip: station.ip });
