import { boolean, datapathId, text } from '../field.ts';
import { resource } from '../resource.ts';

export const datapath = resource({
  kind: 'datapath',
  plural: 'datapaths',
  model: 'Datapath',
  idPrefix: 'dp',
  doc: 'A switch: one Open vSwitch bridge on one host, identified by its datapath id.',
  fields: {
    display_name: text({ doc: 'Name shown to people.' }),
    enable_ovs_learn_action: boolean({ default: true, doc: 'Accepted for older clients; has no effect.' }),
    node_id: text({
      doc: 'Name of the agent of the host, for information; agents find the bridge by its datapath id.',
    }),
    dpid: datapathId({
      indexed: true,
      doc: 'The datapath id, as `ovs-vsctl get bridge br0 datapath_id` prints it.',
    }),
  },
  removal: {
    release: boolean({
      default: false,
      doc: 'Release the bridge: restores its former settings, so that guests of all its networks may reach each other. Otherwise the bridge stays closed and forwards nothing.',
    }),
  },
  unique: [{ columns: ['dpid', 'node_id'], error: 'argument' }],
  obsolete: ['dc_segment_id', 'dc_segment_uuid', 'ipv4_address', 'is_connected'],
  actions: {
    adopt: {
      method: 'PUT',
      doc: 'Confirms that this store replaces the one whose flows the host of the datapath holds. Flows of objects that this store lacks are deleted.',
      parameters: {
        confirm: boolean({ default: false, doc: 'Confirm; without it, only shows what would be deleted.' }),
      },
      answers: 'datapath',
    },
  },
  summary: ['uuid', 'display_name', 'dpid', 'node_id'],
});
