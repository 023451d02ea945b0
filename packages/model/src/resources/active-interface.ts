import { boolean, integer, reference, text } from '../field.ts';
import { resource } from '../resource.ts';

export const activeInterface = resource({
  kind: 'active_interface',
  plural: 'active_interfaces',
  model: 'ActiveInterface',
  doc: 'Where an interface is: the datapath that has its port, as the agent of the host reports it. Other hosts send frames for the interface there.',
  nested: { of: 'interface', name: 'active_interfaces', operations: 'list' },
  fields: {
    interface_uuid: reference({ to: 'interface', immutable: true, doc: 'The interface.' }),
    datapath_uuid: reference({ to: 'datapath', immutable: true, doc: 'The datapath that has its port.' }),
    port_name: text({ optional: true, doc: 'Name of the port on the bridge.' }),
    port_number: integer({ min: 0, max: 0xffff_ffff, optional: true, doc: 'OpenFlow number of the port.' }),
    standby: boolean({
      default: false,
      doc: 'Whether another datapath had the interface first. Frames for the interface are sent here too; it moves here when the guest is heard here, or when the other datapath has lost its port.',
    }),
  },
  unique: [{ columns: ['interface_id', 'datapath_id'], error: 'argument' }],
});
