import { dhcpPort } from '@openvnet/packet';
import { ethernet, protocol } from '../pipeline/flow.ts';

const broadcastMac = 0xffff_ffff_ffff;
const everyone = 0xffff_ffff;

/** What a DHCP client sends, as flows match it; RFC 2131, 4.1. */
export const fromClient = {
  eth_type: ethernet.ipv4,
  ip_proto: protocol.udp,
  udp_src: dhcpPort.client,
  udp_dst: dhcpPort.server,
} as const;

/** What a client sends to everybody. */
export const toEveryone = { ...fromClient, eth_dst: broadcastMac, ipv4_dst: everyone } as const;

/** What a DHCP server sends. */
export const fromServer = { ...fromClient, udp_src: dhcpPort.server, udp_dst: dhcpPort.client } as const;
