import { shell } from '@openvnet/model';
import {
  decodeArp,
  decodeEthernet,
  decodeIpv4,
  decodeUdp,
  dhcpPort,
  type Ethernet,
  etherType,
  type Ipv4,
  ipProtocol,
  ipv4ToText,
  macToText,
} from '@openvnet/packet';
import { type Answer, feature, type Lookup } from '../engine/feature.ts';
import type { Rows } from '../engine/relations.ts';
import { anyTag, isWithin, priority, toAgentMetered } from '../pipeline/flow.ts';
import { meterOf } from '../pipeline/meters.ts';
import { refusal } from './guard.ts';

/**
 * Drops what the guard does not take, with a counter for each interface, so that status can name the sender. A few go to the
 * agent, which keeps in words what was wrong with the newest.
 */
export const refused = feature({
  name: 'refused',
  doc: 'Counts refused frames: frames with a source address that is not leased to their port, or with a VLAN tag.',
  cookie: 2,
  says: {
    admit: refusal,
  },
  source: { of: 'binding' },
  select: (view, id) => view.get('binding', id)!.port ?? undefined,
  counts: { about: 'refused', table: 'admit' },
  flows: (port) => [
    {
      table: 'admit',
      priority: priority.low,
      match: { in_port: port, vlan_vid: anyTag },
      actions: [toAgentMetered(meterOf(port, 'notices'), 'refused')],
    },
  ],
  answers: { refused: note },
});

function note({ port, frame }: Parameters<Answer>[0], lookup: Lookup): [] {
  for (const { id } of lookup.where('binding', 'port', port)) {
    const own = lookup.get('interface', id);
    if (own) lookup.notice(id, wrongWith(decodeEthernet(frame), own, lookup));
  }
  return [];
}

/** What is wrong with a frame, and the command that would have it taken. */
function wrongWith(frame: Ethernet, { id, uuid }: Rows['interface'], lookup: Lookup): string {
  if (frame.vlan) return `sent a frame with VLAN tag ${frame.vlan.vid}; its port takes untagged frames only`;
  const macs = lookup.where('mac_lease', 'interface_id', id).map(({ mac_address }) => mac_address);
  const leases = lookup.where('ip_lease', 'interface_id', id);
  if (!macs.includes(frame.src)) {
    const mac = macToText(frame.src);
    const command = shell`vnctl interfaces modify ${uuid} --mac-address ${mac}`;
    return `uses MAC address ${mac}, and its lease says ${listed(macs.map(macToText))}. Use: ${command}`;
  }
  if (frame.type === etherType.arp) {
    const { sha, spa } = decodeArp(frame.payload);
    if (sha !== frame.src) return `sent ARP for MAC address ${macToText(sha)} from ${macToText(frame.src)}`;
    return wrongAddress('ARP from', spa, uuid, leases, lookup);
  }
  if (frame.type !== etherType.ipv4)
    return `sent a frame of type 0x${frame.type.toString(16).padStart(4, '0')}; networks carry IPv4 and ARP only`;
  const packet = decodeIpv4(frame.payload);
  if (isDhcpRequest(packet)) return dhcpInVain(uuid, leases, lookup);
  return wrongAddress('a packet from', packet.src, uuid, leases, lookup);
}

function wrongAddress(
  what: string,
  ip: number,
  uuid: string,
  leases: readonly Rows['ip_lease'][],
  lookup: Lookup,
): string {
  const used = ipv4ToText(ip);
  const own = listed(leases.map(({ ipv4_address }) => ipv4ToText(ipv4_address)));
  const inside = leases.some(({ network_id }) => {
    const network = lookup.get('network', network_id);
    return network && isWithin(ip, network.ipv4_network, network.ipv4_prefix);
  });
  const says = `sent ${what} source ${used}, and its lease says ${own}`;
  return inside
    ? `${says}. Use: ${shell`vnctl interfaces modify ${uuid} --ipv4-address ${used}`}`
    : `${says}; ${used} is of no network of ${uuid}: change the address inside the guest`;
}

function dhcpInVain(uuid: string, leases: readonly Rows['ip_lease'][], lookup: Lookup): string {
  const [lease] = leases;
  const network = lease && lookup.get('network', lease.network_id);
  if (!network) {
    const command = shell`vnctl ip-leases add --interface-uuid ${uuid} --network-uuid NETWORK --ipv4-address ADDRESS`;
    return `sent a DHCP request, but ${uuid} has no IP lease that it could be told. Use: ${command}`;
  }
  const gateway = lookup
    .where('ip_lease', 'network_id', network.id)
    .map(({ interface_id }) => (interface_id === null ? undefined : lookup.get('interface', interface_id)))
    .find((each) => each?.mode === 'simulated');
  const command = gateway
    ? shell`vnctl network-services add --interface-uuid ${gateway.uuid} --mode dhcp`
    : shell`vnctl interfaces add --mode simulated --network-uuid ${network.uuid}`;
  return `sent a DHCP request, but ${network.uuid} has no dhcp service. Use: ${command}`;
}

function isDhcpRequest(packet: Ipv4): boolean {
  if (packet.protocol !== ipProtocol.udp || packet.src !== 0) return false;
  return decodeUdp(packet.payload, packet).dst_port === dhcpPort.server;
}

const listed = (texts: readonly string[]): string => texts.join(', ') || 'nothing';
