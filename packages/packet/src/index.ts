export { type Arp, arpOperation, decodeArp, encodeArp } from './arp.ts';
export { checksum } from './checksum.ts';
export { type Dhcp, decodeDhcp, dhcpOperation, dhcpPort, dhcpType, encodeDhcp } from './dhcp.ts';
export { type ClasslessRoute, type DhcpOptionName, type DhcpOptions, optionNames } from './dhcp-options.ts';
export { decodeEthernet, type Ethernet, encodeEthernet, etherType, type VlanTag } from './ethernet.ts';
export { fragmentIpv4 } from './fragments.ts';
export { decodeIcmp, encodeIcmp, type Icmp, icmpType } from './icmp.ts';
export { type IcmpErrorOptions, icmpError } from './icmp-error.ts';
export { decodeIpv4, encodeIpv4, type Ipv4, type Ipv4Header, type Ipv4Input, ipProtocol, ipv4Size } from './ipv4.ts';
export { firstSize, lengthFirst, withoutLength } from './length-first.ts';
export {
  decodeTcp,
  encodeTcp,
  maximumSegmentOf,
  maximumSegmentOption,
  type Tcp,
  type TcpAddresses,
  type TcpInput,
  tcpFlag,
} from './tcp.ts';
export { ipv4ToText, macToText } from './text.ts';
export { decodeUdp, encodeUdp, type Udp, type UdpAddresses } from './udp.ts';
