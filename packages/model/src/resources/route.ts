import { boolean, integer, ipv4Address, reference, text } from '../field.ts';
import { resource } from '../resource.ts';
import { takePrefix } from './take-prefix.ts';

export const route = resource({
  kind: 'route',
  plural: 'routes',
  model: 'Route',
  idPrefix: 'r',
  doc: 'Says that an interface of a logical router (a route link) leads to a range of addresses.',
  fields: {
    interface_uuid: reference({
      to: 'interface',
      show: ['uuid'],
      immutable: true,
      doc: 'The simulated interface that is the gateway there.',
    }),
    network_uuid: reference({
      to: 'network',
      show: ['uuid'],
      optional: true,
      immutable: true,
      doc: 'The network it leads to; that of the interface where not given.',
    }),
    route_link_uuid: reference({ to: 'route_link', show: ['uuid'], immutable: true, doc: 'The logical router.' }),
    ipv4_network: ipv4Address({
      immutable: true,
      doc: 'First address of the range; 0.0.0.0 with prefix 0 is a default route.',
    }),
    ipv4_prefix: integer({
      min: 0,
      max: 32,
      unit: 'bits',
      default: 24,
      immutable: true,
      doc: 'Length of the network part.',
    }),
    next_hop_ipv4_address: ipv4Address({
      optional: true,
      immutable: true,
      doc: "Next router for what lies outside the network; in a physical network where not given, its first address, unless that is the interface's own.",
    }),
    description: text({ optional: true, doc: 'What it is for, in words.' }),
    ingress: boolean({ default: true, doc: 'Packets from the range may enter the router here.' }),
    egress: boolean({ default: true, doc: 'Packets to the range leave the router here.' }),
  },
  prepare: takePrefix,
  housekeeping: false,
});
