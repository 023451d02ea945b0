import { boolean, ipv4Address, macAddress, oneOf, reference, text } from '../field.ts';
import { resource } from '../resource.ts';

export const interfaceModes = ['vif', 'simulated', 'host', 'internal', 'patch', 'promiscuous', 'remote'] as const;

export const iface = resource({
  kind: 'interface',
  plural: 'interfaces',
  model: 'Interface',
  idPrefix: 'if',
  doc: 'A logical attachment to a network, with MAC and IP leases. A guest (`vif`) has a switch port. The switch answers for a `simulated` interface, such as a gateway.',
  fields: {
    enable_filtering: boolean({ default: false, doc: 'Whether the filters of the interface apply.' }),
    display_name: text({ optional: true, doc: 'Name shown to people.' }),
    enable_routing: boolean({
      default: false,
      doc: 'Whether the interface routes: a guest that routes may send IP packets from addresses of others.',
    }),
    enable_route_translation: boolean({ default: false, doc: 'Whether routed packets must match a translation.' }),
    mode: oneOf(interfaceModes, {
      default: 'vif',
      doc: 'Kind of interface: `vif` is a guest, `simulated` an address that the switch answers for; docs/outside.md has the others.',
    }),
  },
  // The port and the first leases are made along with the interface.
  parameters: {
    owner_datapath_uuid: reference({
      to: 'datapath',
      optional: true,
      doc: 'The only datapath on which the interface may be.',
    }),
    network_uuid: reference({ to: 'network', optional: true, doc: 'Network of the first IP lease.' }),
    segment_uuid: reference({
      to: 'segment',
      optional: true,
      doc: 'Segment of the first MAC lease; by default the segment of the network.',
    }),
    ipv4_address: ipv4Address({
      optional: true,
      doc: 'Address of the first IP lease; needs `network_uuid`. A free address of the network if not given.',
    }),
    mac_address: macAddress({
      unicast: true,
      optional: true,
      doc: 'Address of the first MAC lease; random if not given and the interface has an IP lease.',
    }),
    mac_range_group_uuid: reference({
      to: 'mac_range_group',
      optional: true,
      doc: 'Group of ranges for the random MAC address.',
    }),
    port_name: text({ optional: true, doc: 'Name of the switch port; for a `vif`, by default its uuid.' }),
  },
  changes: ['owner_datapath_uuid', 'ipv4_address', 'mac_address', 'port_name'],
  holds: { mac_leases: ['mac_leases'], ip_leases: ['mac_leases', 'ip_leases'] },
  summary: ['uuid', 'mode', 'display_name', 'network_uuid', 'ipv4_address', 'mac_address', 'status'],
});
