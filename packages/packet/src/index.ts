export { type Arp, arpOperation, decodeArp, encodeArp } from './arp.ts';
export { checksum } from './checksum.ts';
export { decodeEthernet, type Ethernet, encodeEthernet, etherType, type VlanTag } from './ethernet.ts';
export { decodeIcmp, encodeIcmp, type Icmp, icmpType } from './icmp.ts';
export { type IcmpErrorOptions, icmpError } from './icmp-error.ts';
export { decodeIpv4, encodeIpv4, type Ipv4, type Ipv4Header, type Ipv4Input, ipProtocol } from './ipv4.ts';
export { ipv4ToText, macToText } from './text.ts';
export { decodeUdp, encodeUdp, type Udp, type UdpAddresses } from './udp.ts';
