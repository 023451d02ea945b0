import { macAddress, reference } from '../field.ts';
import { resource } from '../resource.ts';
import { ofTopology } from './of-topology.ts';

export const datapathNetwork = resource({
  kind: 'datapath_network',
  plural: 'datapath_networks',
  model: 'DatapathNetwork',
  doc: 'A network on a datapath: by which interface of the host it reaches other hosts. On one host nothing needs it.',
  nested: { of: 'datapath', name: 'networks', with: 'network' },
  fields: {
    datapath_uuid: reference({ to: 'datapath', show: ['id'], immutable: true, doc: 'The datapath.' }),
    network_uuid: reference({ to: 'network', show: ['id'], immutable: true, doc: 'The network.' }),
    interface_uuid: reference({
      to: 'interface',
      show: ['id'],
      optional: true,
      immutable: true,
      doc: 'The host interface of the datapath.',
    }),
    mac_address: macAddress({
      optional: true,
      immutable: true,
      aliases: ['broadcast_mac_address'],
      doc: "Address of the network's broadcasts between hosts.",
    }),
    ...ofTopology,
  },
  unique: [{ columns: ['datapath_id', 'network_id'], error: 'relationExists' }],
});
