import { boolean, ipv4Address, macAddress, oneOf, reference, text } from '../field.ts';
import { resource } from '../resource.ts';

export const interfaceModes = ['vif', 'simulated', 'host', 'internal', 'patch', 'promiscuous', 'remote'] as const;

export const iface = resource({
  kind: 'interface',
  plural: 'interfaces',
  model: 'Interface',
  idPrefix: 'if',
  doc: 'A logical attachment to a network, with MAC and IP leases. A guest (`vif`) is at a switch port; a `simulated` one, such as a gateway, is answered for by the switch.',
  fields: {
    enable_filtering: boolean({ default: false, doc: 'Whether its filters apply.' }),
    display_name: text({ optional: true, doc: 'Name shown to people.' }),
    enable_routing: boolean({
      default: false,
      doc: 'Whether it takes part in routing: a guest that does may send IP packets for others.',
    }),
    enable_route_translation: boolean({ default: false, doc: 'Whether routed packets must match a translation.' }),
    mode: oneOf(interfaceModes, { default: 'vif', doc: 'What stands behind it.' }),
  },
  // The port and the first leases are made along with the interface.
  parameters: {
    owner_datapath_uuid: reference({ to: 'datapath', optional: true, doc: 'The only datapath it may be on.' }),
    network_uuid: reference({ to: 'network', optional: true, doc: 'Network of its first IP lease.' }),
    segment_uuid: reference({
      to: 'segment',
      optional: true,
      doc: 'Segment of its first MAC lease; that of the network where it has one.',
    }),
    ipv4_address: ipv4Address({
      optional: true,
      doc: 'Address of its first IP lease; needs `network_uuid`, and is a free one of it where not given.',
    }),
    mac_address: macAddress({
      unicast: true,
      optional: true,
      doc: 'Address of its first MAC lease; drawn where it has an IP lease and none is given.',
    }),
    mac_range_group_uuid: reference({
      to: 'mac_range_group',
      optional: true,
      doc: 'Where its first MAC address is drawn from, if none is given.',
    }),
    port_name: text({ optional: true, doc: 'Name of its switch port; the uuid of a `vif` where not given.' }),
  },
  changes: ['owner_datapath_uuid', 'ipv4_address', 'mac_address', 'port_name'],
  holds: { mac_leases: ['mac_leases'], ip_leases: ['mac_leases', 'ip_leases'] },
  summary: ['uuid', 'mode', 'display_name', 'network_uuid', 'ipv4_address', 'mac_address', 'status'],
});
