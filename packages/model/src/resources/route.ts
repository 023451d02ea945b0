import { boolean, integer, ipv4Address, reference, text } from '../field.ts';
import { resource } from '../resource.ts';
import { takePrefix } from './take-prefix.ts';

export const route = resource({
  kind: 'route',
  plural: 'routes',
  model: 'Route',
  idPrefix: 'r',
  doc: 'A range of addresses that an interface of a logical router (a route link) leads to.',
  fields: {
    interface_uuid: reference({
      to: 'interface',
      show: ['uuid'],
      immutable: true,
      doc: 'The gateway: a simulated interface.',
    }),
    network_uuid: reference({
      to: 'network',
      show: ['uuid'],
      optional: true,
      immutable: true,
      doc: 'The network that the route leads to; by default that of the interface.',
    }),
    route_link_uuid: reference({ to: 'route_link', show: ['uuid'], immutable: true, doc: 'The logical router.' }),
    ipv4_network: ipv4Address({
      immutable: true,
      doc: 'First address of the range; 0.0.0.0 with prefix 0 is the default route.',
    }),
    ipv4_prefix: integer({
      min: 0,
      max: 32,
      unit: 'bits',
      default: 24,
      immutable: true,
      doc: 'Prefix length.',
    }),
    next_hop_ipv4_address: ipv4Address({
      optional: true,
      immutable: true,
      doc: 'Next hop for destinations outside the network. In a physical network, by default the first address, unless the interface has that address itself.',
    }),
    description: text({ optional: true, doc: 'What it is for.' }),
    ingress: boolean({ default: true, doc: 'Whether packets from the range may enter the router here.' }),
    egress: boolean({ default: true, doc: 'Whether packets to the range may leave the router here.' }),
  },
  prepare: takePrefix,
  housekeeping: false,
});
