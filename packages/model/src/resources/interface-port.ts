import { boolean, oneOf, reference, text } from '../field.ts';
import { resource } from '../resource.ts';
import { interfaceModes } from './interface.ts';

export const interfacePort = resource({
  kind: 'interface_port',
  plural: 'interface_ports',
  model: 'InterfacePort',
  doc: 'The switch port of an interface. Without a datapath, the port may be on any; without a name, the interface needs no port.',
  nested: { of: 'interface', name: 'ports', toldBy: 'port_name' },
  fields: {
    interface_uuid: reference({ to: 'interface', immutable: true, doc: 'The interface.' }),
    datapath_uuid: reference({
      to: 'datapath',
      optional: true,
      immutable: true,
      doc: 'The only datapath on which the port may be.',
    }),
    port_name: text({
      optional: true,
      immutable: true,
      indexed: true,
      placeholder: 'NAME',
      doc: 'Name of the port on the bridge, or its `iface-id`.',
    }),
    singular: boolean({ optional: true, immutable: true, doc: 'Whether the interface is on one datapath at a time.' }),
    interface_mode: oneOf(interfaceModes, {
      optional: true,
      immutable: true,
      derived: true,
      doc: 'The mode of the interface.',
    }),
  },
  unique: [
    { columns: ['interface_id', 'datapath_id'], error: 'argument' },
    { columns: ['port_name', 'datapath_id'], error: 'argument' },
  ],
});
