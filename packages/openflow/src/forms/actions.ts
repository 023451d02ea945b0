import type { Action } from '../actions.ts';
import type { Match } from '../match.ts';

const ipv4 = { eth_type: 0x0800 };
const ipv6 = { eth_type: 0x86dd };
const tcp = { ...ipv4, ip_proto: 6 };
const neighbour = { ...ipv6, ip_proto: 58, icmpv6_code: 0 };
const reg = (field: 'reg0' | 'reg1', offset: number, bits: number) => ({ field, offset, bits });
const whole = (
  field: 'eth_src' | 'eth_dst' | 'arp_sha' | 'arp_tha' | 'arp_spa' | 'arp_tpa' | 'ipv4_src' | 'ipv4_dst',
  bits: number,
) => ({ field, offset: 0, bits });
const arp = { eth_type: 0x0806 };

/** Actions in every form, each with the match that it requires. */
export const actions: Record<string, readonly [Match, ...Action[]]> = {
  output: [
    {},
    { type: 'output', port: 2 },
    { type: 'output', port: 1, max_len: 0 },
    { type: 'output', port: 0xffff_fff8 },
  ],
  'output to the controller': [
    {},
    { type: 'output', port: 0xffff_fffd, max_len: 100 },
    { type: 'output', port: 0xffff_fffd },
  ],
  'output to every reserved port': [
    {},
    ...[0xffff_fff9, 0xffff_fffa, 0xffff_fffb, 0xffff_fffc, 0xffff_fffe].map(
      (port) => ({ type: 'output', port }) as const,
    ),
  ],
  vlan: [
    {},
    { type: 'push_vlan' },
    { type: 'set_field', field: 'vlan_vid', value: 0x1005 },
    { type: 'set_field', field: 'vlan_pcp', value: 3 },
    { type: 'pop_vlan' },
  ],
  mpls: [ipv4, { type: 'push_mpls', ethertype: 0x8847 }, { type: 'pop_mpls', ethertype: 0x0800 }],
  queue: [{}, { type: 'set_queue', queue: 3 }, { type: 'output', port: 1 }, { type: 'pop_queue' }],
  group: [{}, { type: 'group', group: 1 }],
  ttl: [ipv4, { type: 'dec_nw_ttl' }],
  'fields of ethernet': [
    {},
    { type: 'set_field', field: 'eth_src', value: 1 },
    { type: 'set_field', field: 'eth_dst', value: 2 },
  ],
  'fields of ipv4': [
    ipv4,
    ...(['ipv4_src', 'ipv4_dst', 'ip_dscp', 'ip_ecn', 'nw_ttl'] as const).map(
      (field) => ({ type: 'set_field', field, value: 1 }) as const,
    ),
  ],
  'fields of ipv6': [
    ipv6,
    { type: 'set_field', field: 'ipv6_src', value: 1n },
    { type: 'set_field', field: 'ipv6_dst', value: 1n },
    { type: 'set_field', field: 'ipv6_label', value: 1 },
  ],
  'fields of tcp': [
    tcp,
    { type: 'set_field', field: 'tcp_src', value: 1 },
    { type: 'set_field', field: 'tcp_dst', value: 1 },
  ],
  'fields of udp': [
    { ...ipv4, ip_proto: 17 },
    { type: 'set_field', field: 'udp_src', value: 1 },
    { type: 'set_field', field: 'udp_dst', value: 1 },
  ],
  'fields of icmp': [
    { ...ipv4, ip_proto: 1 },
    { type: 'set_field', field: 'icmpv4_type', value: 0 },
    { type: 'set_field', field: 'icmpv4_code', value: 0 },
  ],
  'fields of icmpv6': [
    { ...neighbour, icmpv6_type: 136 },
    { type: 'set_field', field: 'nd_reserved', value: 0xe000_0000 },
    { type: 'set_field', field: 'nd_options_type', value: 2 },
    { type: 'set_field', field: 'ipv6_nd_target', value: 1n },
    { type: 'set_field', field: 'ipv6_nd_tll', value: 1 },
    { type: 'set_field', field: 'icmpv6_type', value: 136 },
  ],
  'fields of arp': [
    arp,
    ...(['arp_op', 'arp_spa', 'arp_tpa', 'arp_sha', 'arp_tha'] as const).map(
      (field) => ({ type: 'set_field', field, value: 2 }) as const,
    ),
  ],
  'fields of tunnels': [
    {},
    { type: 'set_field', field: 'tunnel_id', value: 1n },
    { type: 'set_field', field: 'tun_src', value: 1 },
    { type: 'set_field', field: 'tun_dst', value: 1 },
    { type: 'set_field', field: 'tun_ipv6_dst', value: 1n },
  ],
  'fields of the pipeline': [
    {},
    { type: 'set_field', field: 'metadata', value: 1 },
    { type: 'set_field', field: 'pkt_mark', value: 1 },
    { type: 'set_field', field: 'reg0', value: 1 },
    { type: 'set_field', field: 'xreg1', value: 1n },
    { type: 'set_field', field: 'xxreg2', value: 1n },
    { type: 'set_field', field: 'nxm_in_port', value: 0 },
  ],
  load: [
    {},
    { type: 'load', to: reg('reg0', 0, 32), value: 1n },
    { type: 'load', to: reg('reg0', 4, 4), value: 15 },
    { type: 'load', to: { field: 'nxm_in_port', offset: 0, bits: 16 }, value: 0n },
    { type: 'load', to: { field: 'tunnel_id', offset: 0, bits: 24 }, value: 5n },
    { type: 'load', to: { field: 'metadata', offset: 8, bits: 24 }, value: 5n },
    { type: 'load', to: { field: 'xxreg1', offset: 64, bits: 64 }, value: 5n },
    { type: 'load', to: { field: 'eth_src', offset: 0, bits: 48 }, value: 5n },
  ],
  'load into ethernet and ipv4': [
    tcp,
    { type: 'load', to: whole('eth_dst', 48), value: 5 },
    { type: 'load', to: { field: 'ipv4_dst', offset: 0, bits: 8 }, value: 5 },
    { type: 'load', to: { field: 'tcp_dst', offset: 0, bits: 16 }, value: 5 },
    { type: 'load', to: { field: 'nw_ttl', offset: 0, bits: 8 }, value: 5 },
  ],
  move: [
    {},
    { type: 'move', from: whole('eth_src', 48), to: whole('eth_dst', 48) },
    { type: 'move', from: reg('reg0', 0, 4), to: reg('reg1', 8, 4) },
    { type: 'move', from: { field: 'tunnel_id', offset: 0, bits: 32 }, to: reg('reg0', 0, 32) },
  ],
  'move arp': [
    arp,
    { type: 'move', from: whole('arp_sha', 48), to: whole('arp_tha', 48) },
    { type: 'move', from: whole('arp_spa', 32), to: whole('arp_tpa', 32) },
  ],
  'move ipv4': [
    tcp,
    { type: 'move', from: whole('ipv4_src', 32), to: whole('ipv4_dst', 32) },
    { type: 'move', from: { field: 'tcp_src', offset: 0, bits: 16 }, to: { field: 'tcp_dst', offset: 0, bits: 16 } },
  ],
  note: [{}, { type: 'note', data: Uint8Array.of(1, 2, 3, 4, 5, 6) }],
  resubmit: [
    {},
    { type: 'resubmit', table: 3 },
    { type: 'resubmit', table: 4, port: 2 },
    { type: 'resubmit', port: 2 },
  ],
  'output to a register': [
    {},
    { type: 'output_reg', from: reg('reg0', 0, 16) },
    { type: 'output_reg', from: reg('reg1', 0, 32), max_len: 100 },
  ],
  learn: [
    tcp,
    {
      type: 'learn',
      table: 1,
      idle_timeout: 10,
      hard_timeout: 20,
      priority: 5,
      cookie: 0x12n,
      flags: 1,
      fin_idle_timeout: 1,
      parts: [
        { type: 'match', from: whole('eth_src', 48), to: whole('eth_dst', 48) },
        { type: 'match', from: 5n, to: reg('reg1', 0, 32) },
        { type: 'load', from: 0x12345n, to: reg('reg0', 0, 20) },
        { type: 'load', from: { field: 'nxm_in_port', offset: 0, bits: 16 }, to: reg('reg0', 16, 16) },
        { type: 'output', from: { field: 'nxm_in_port', offset: 0, bits: 16 } },
      ],
    },
  ],
  'learn up to a limit': [
    {},
    {
      type: 'learn_up_to',
      table: 1,
      idle_timeout: 300,
      priority: 5,
      cookie: 0x12n,
      flags: 2,
      limit: 100,
      parts: [
        { type: 'match', from: whole('eth_src', 48), to: whole('eth_dst', 48) },
        { type: 'output', from: { field: 'nxm_in_port', offset: 0, bits: 16 } },
      ],
    },
  ],
  'learn with padding': [
    {},
    {
      type: 'learn',
      table: 1,
      parts: [
        {
          type: 'match',
          from: { field: 'nxm_vlan_tci', offset: 0, bits: 12 },
          to: { field: 'nxm_vlan_tci', offset: 0, bits: 12 },
        },
      ],
    },
  ],
  exit: [{}, { type: 'exit' }],
  stack: [
    {},
    { type: 'push', from: reg('reg0', 3, 3) },
    { type: 'push', from: { field: 'xxreg0', offset: 0, bits: 128 } },
    { type: 'pop', to: reg('reg1', 0, 16) },
  ],
  conjunction: [{}, { type: 'conjunction', clause: 0, clauses: 2, id: 7 }],
  ct: [
    ipv4,
    { type: 'ct', zone: 5, table: 3 },
    { type: 'ct' },
    { type: 'ct', commit: true, force: true, zone: reg('reg0', 0, 16) },
  ],
  'ct with actions': [
    tcp,
    {
      type: 'ct',
      commit: true,
      zone: 5,
      alg: 21,
      actions: [
        {
          type: 'nat',
          kind: 'src',
          ipv4_min: 1,
          ipv4_max: 9,
          port_min: 100,
          port_max: 200,
          persistent: true,
          protocol_random: true,
        },
        { type: 'set_field', field: 'ct_mark', value: 5 },
        { type: 'set_field', field: 'ct_label', value: 5n },
        { type: 'load', to: { field: 'ct_mark', offset: 0, bits: 4 }, value: 5 },
        { type: 'load', to: { field: 'ct_label', offset: 64, bits: 8 }, value: 5 },
        { type: 'move', from: reg('reg0', 0, 32), to: { field: 'ct_mark', offset: 0, bits: 32 } },
      ],
    },
  ],
  nat: [
    ipv4,
    { type: 'ct', table: 1, actions: [{ type: 'nat' }] },
    { type: 'ct', commit: true, actions: [{ type: 'nat', kind: 'dst', ipv4_min: 1 }] },
  ],
  'nat of ipv6': [
    ipv6,
    {
      type: 'ct',
      commit: true,
      actions: [{ type: 'nat', kind: 'dst', ipv6_min: 1n, ipv6_max: 2n, port_min: 80, protocol_hash: true }],
    },
  ],
  'ct clear': [{}, { type: 'ct_clear' }],
  controller: [
    {},
    { type: 'controller' },
    { type: 'controller', max_len: 100, controller_id: 5, reason: 0, userdata: Uint8Array.of(1, 2, 3), pause: true },
    { type: 'controller', userdata: Uint8Array.of(1, 2, 3, 4, 5), meter_id: 5 },
  ],
  'cut output': [{}, { type: 'output_trunc', port: 1, max_len: 50 }],
  clone: [
    {},
    {
      type: 'clone',
      actions: [
        { type: 'output', port: 1 },
        { type: 'clone', actions: [{ type: 'output', port: 2 }] },
      ],
    },
  ],
  'check of size': [{}, { type: 'check_pkt_larger', size: 1500, to: reg('reg0', 3, 1) }],
  other: [tcp, { type: 'other', code: 0xffff, body: Buffer.from('0000232000130005000a0000', 'hex') }],
};
