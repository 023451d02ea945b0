import type { Sentence } from '../engine/says.ts';
import type { TableName } from './tables.ts';

/** What each table says of a packet that no flow of it takes. */
export const missWords: { readonly [T in TableName]: Sentence } = {
  admit: ({ before }) =>
    before.vlan_vid
      ? 'it has a VLAN tag; only untagged frames are carried'
      : `no interface is at port ${before.in_port}`,
  from_peer: ({ before }) => `no other host has the tunnel address ${before.tun_src}`,
  resume: 'it is no packet that another host has left to this one to route',
  uplink: 'no interface on this switch has its MAC address',
  identity: 'no interface on this switch has its IP address',
  egress_filter: 'no rules are found for its sender',
  egress_rules: 'no rule lets it out',
  dispatch: ({ before }) => `it is for another interface of ${before.domain}`,
  arp_answer: 'nobody answers',
  translate_in: ({ before }) => `nothing translates ${before.ipv4_dst}`,
  fragments_in: 'its fragments do not belong together',
  route_in: ({ before }) => `gateway ${before.gateway} belongs to no router`,
  route_out: ({ before }) => `${before.route_link} has no route to ${before.ipv4_dst}`,
  limit: 'its port has no limit',
  answer: 'it is no request',
  routed_size: 'no tunnel limits its size',
  rewrite: ({ before }) => `the MAC address of ${before.target_ip} is not known`,
  translate_out: 'no address is translated',
  fragments_out: 'its fragments do not belong together',
  leave: 'it is no routed packet',
  neighbour: ({ before }) => `nobody in ${before.domain} has ${before.target_ip}`,
  forward: ({ before }) => `nobody in ${before.domain} has ${before.eth_dst}`,
  learned: ({ before }) => `no station with ${before.eth_dst} has been heard yet`,
  flood: ({ before }) => `nobody else is in ${before.domain}`,
  ingress_filter: 'no rules are found for its receiver',
  ingress_track: 'no rule of its receiver needs its connection',
  ingress_rules: 'no rule lets it in',
  output: 'no port is given',
  peer_size: 'no tunnel limits its size',
  to_peer: ({ before }) => `no tunnel leads to ${before.peer}`,
  hand_over: 'its port hands nothing to the agent',
};
