/** Copies of a packet that leave for other hosts, and how they come in there. */
import { isIP } from 'node:net';
import { type ArrivalQuestion, parseIpv4, type SentPacket, shell, type TraceOnward } from '@openvnet/model';
import { ipv6Bits } from '../features/tunnel.ts';
import { objectOfDomain } from '../pipeline/domain-numbers.ts';
import { packetSize } from '../pipeline/flow.ts';
import type { Copy, Packet } from '../simulate/simulate.ts';
import { datapathName, type Inspected } from './flows.ts';

/** The copies that leave by tunnels, each with the host that it is for. */
export function onwardOf(vswitch: Inspected, sent: readonly Copy[], { size }: Pick<Packet, 'size'>): TraceOnward[] {
  const { tunnel, peer, datapath } = vswitch.compiler.relations;
  const from = datapath.get(vswitch.datapathId)?.tunnel_address;
  return sent.flatMap(({ port, packet: { tun_dst = 0, tun_ipv6_dst = 0, ...inner } }) => {
    const encapsulation = tunnel.get(port)?.encapsulation;
    if (!encapsulation || !from) return [];
    const target = [...peer.rows()].find(({ address }) =>
      isIP(address) === 6 ? ipv6Bits(address) === BigInt(tun_ipv6_dst) : parseIpv4(address) === Number(tun_dst),
    );
    if (!target) return [];
    const packet = textOf({ ...inner, ...(size !== undefined && { size }) });
    return [{ datapath_id: target.id, encapsulation, from, to: target.address, packet }];
  });
}

/** A packet as it comes out of a tunnel; undefined where the bridge has no such tunnel port. */
export function arrivingPacket(
  { compiler: { relations } }: Inspected,
  { encapsulation, from, packet }: ArrivalQuestion,
): Packet | undefined {
  const [port] = relations.tunnel.where('encapsulation', encapsulation);
  if (!port) return undefined;
  const source = isIP(from) === 6 ? { tun_ipv6_src: ipv6Bits(from) } : { tun_src: parseIpv4(from) ?? 0 };
  return { ...packetOf(packet), in_port: port.id, ...source };
}

/** `dp-2 by a geneve tunnel to 172.31.0.2` */
export function onwardText(
  { compiler: { relations } }: Inspected,
  { datapath_id, encapsulation, to }: TraceOnward,
): string {
  const name = relations.datapath.get(datapath_id)?.uuid ?? datapath_id;
  return `${name} by a ${encapsulation} tunnel to ${to}`;
}

/** That the packet is larger than what the underlay carries in one piece; empty where it fits, or nobody knows. */
export function oversize(vswitch: Inspected, { datapath_id, encapsulation, packet }: TraceOnward): string[] {
  const { relations } = vswitch.compiler;
  const ends = [vswitch.datapathId, datapath_id].flatMap((id) => relations.datapath.get(id)?.underlay_mtu ?? []);
  const { size, tunnel_id = '0' } = packet;
  const carries = relations.peer.get(datapath_id)?.mtu ?? null;
  if (carries === null || size === undefined) return [];
  const bytes = packetSize(Number(size));
  if (bytes <= carries) return [];
  const { kind, id } = objectOfDomain(Number(tunnel_id));
  const network = kind === 'network' ? (relations.network.get(id)?.uuid ?? '') : '';
  const [own, other] = [datapathName(vswitch), relations.datapath.get(datapath_id)?.uuid];
  const what = `the ${encapsulation} tunnel from ${own} to ${other} carries packets of up to ${carries} bytes (the underlay has MTU ${Math.min(...ends)}), and this one has ${bytes}`;
  return [network ? `${what}. Use: ${shell`vnctl networks modify ${network} --mtu ${carries}`}` : what];
}

function textOf(packet: Packet): SentPacket {
  return Object.fromEntries(Object.entries(packet).map(([name, value]) => [name, String(value)]));
}

function packetOf(packet: SentPacket): Packet {
  const { size, ...fields } = packet;
  const values = Object.entries(fields).map(([name, value]) => [name, BigInt(value)]);
  return { ...Object.fromEntries(values), ...(size !== undefined && { size: Number(size) }) };
}
