import type { Match } from '../match.ts';

const ipv4 = { eth_type: 0x0800 };
const ipv6 = { eth_type: 0x86dd };
const tcp = { ...ipv4, ip_proto: 6 };
const neighbour = { ...ipv6, ip_proto: 58, icmpv6_code: 0 };
const tracked = { ...ipv4, ct_state: { value: 0x22, mask: 0x22 } };
const wide = (value: bigint): { value: bigint; mask: bigint } => ({ value, mask: 0xffff_0000_0000_0000_0000n });

/** A match for each field, and for each way to write one. */
export const matches: Record<string, Match> = {
  nothing: {},
  'every bit of a mask': { reg3: { value: 5, mask: 0xffff_ffff } },
  'no bit of a mask': { reg3: { value: 5, mask: 0 } },
  'bits outside a mask': { reg3: { value: 0xff, mask: 0x0f } },
  ports: { in_port: 1, metadata: 7n, pkt_mark: 3 },
  'the local port': { in_port: 0xffff_fffe },
  ethernet: {
    eth_dst: 0x0200_0000_0001,
    eth_src: { value: 0x0200_0000_0000, mask: 0xffff_ff00_0000 },
    eth_type: 0x1234,
  },
  multicast: { eth_dst: { value: 0x0100_0000_0000, mask: 0x0100_0000_0000 } },
  vlan: { vlan_vid: 0x1003, vlan_pcp: 2 },
  'any vlan': { vlan_vid: { value: 0x1000, mask: 0x1000 } },
  'no vlan': { vlan_vid: 0 },
  mpls: { eth_type: 0x8847, mpls_label: 3, mpls_tc: 1, mpls_bos: 1 },
  ipv4: {
    ...ipv4,
    ipv4_src: { value: 0x0a00_0000, mask: 0xffff_ff00 },
    ipv4_dst: 0x0a00_0001,
    ip_dscp: 10,
    ip_ecn: 1,
    nw_ttl: 3,
  },
  'a later fragment': { ...ipv4, ip_frag: 3 },
  'any fragment': { ...ipv4, ip_frag: { value: 1, mask: 1 } },
  'no fragment': { ...ipv4, ip_frag: 0 },
  ipv6: {
    ...ipv6,
    ipv6_src: { value: 0xfd00n << 112n, mask: 0xffffn << 112n },
    ipv6_dst: (0xfd00n << 112n) + 1n,
    ipv6_label: 5,
  },
  tcp: { ...tcp, tcp_src: 80, tcp_dst: { value: 0x1000, mask: 0xf000 } },
  'tcp flags': { ...tcp, tcp_flags: { value: 0x12, mask: 0x17 } },
  'all tcp flags': { ...tcp, tcp_flags: 0x12 },
  udp: { ...ipv4, ip_proto: 17, udp_src: { value: 66, mask: 0xfffe }, udp_dst: 67 },
  sctp: { ...ipv6, ip_proto: 132, sctp_src: 66, sctp_dst: 67 },
  icmp: { ...ipv4, ip_proto: 1, icmpv4_type: 8, icmpv4_code: 0 },
  'a solicitation': { ...neighbour, icmpv6_type: 135, ipv6_nd_target: 1n, ipv6_nd_sll: 5 },
  'an advertisement': {
    ...neighbour,
    icmpv6_type: 136,
    ipv6_nd_target: 1n,
    ipv6_nd_tll: 5,
    nd_reserved: 0xe000_0000,
    nd_options_type: 2,
  },
  arp: { eth_type: 0x0806, arp_op: 1, arp_spa: 5, arp_tpa: 6, arp_sha: 7, arp_tha: { value: 0, mask: 0xff } },
  rarp: { eth_type: 0x8035, arp_op: 3 },
  tunnel: {
    tunnel_id: 5n,
    tun_src: 0x0102_0304,
    tun_dst: { value: 0x0102_0300, mask: 0xffff_ff00 },
    tun_gbp_id: 4,
    tun_gbp_flags: 8,
  },
  'part of a tunnel id': { tunnel_id: { value: 5n, mask: 0xffn } },
  'an ipv6 tunnel': { tun_ipv6_src: 1n, tun_ipv6_dst: 2n },
  'tunnel flags': { tun_flags: { value: 1, mask: 1 } },
  'part of metadata': { metadata: { value: 0x0100n, mask: 0xff00n } },
  conjunction: { conj_id: 7, ip_proto: 6, ...ipv4 },
  'the output of the action set': { actset_output: 2 },
  registers: Object.fromEntries(
    Array.from({ length: 16 }, (_, i) => [`reg${15 - i}`, i % 2 ? i : { value: i, mask: 0xff }]),
  ),
  tracked: { ...tracked, ct_zone: 3, ct_mark: 4, ct_label: wide(5n << 64n) },
  'a tracked connection': {
    ...tracked,
    ct_nw_src: 1,
    ct_nw_dst: { value: 0, mask: 0xff },
    ct_nw_proto: 17,
    ct_tp_src: 3,
    ct_tp_dst: { value: 0x50, mask: 0xfff0 },
  },
  'a tracked ipv6 connection': {
    ...ipv6,
    ct_state: { value: 0x22, mask: 0x23 },
    ct_ipv6_src: 1n,
    ct_ipv6_dst: 2n,
    ct_nw_proto: 6,
    ct_tp_dst: 80,
  },
};
