import { boolean, datapathId, text } from '../field.ts';
import { resource } from '../resource.ts';

export const datapath = resource({
  kind: 'datapath',
  plural: 'datapaths',
  model: 'Datapath',
  idPrefix: 'dp',
  doc: 'A switch: one bridge of Open vSwitch on one host, known by its datapath id.',
  fields: {
    display_name: text({ doc: 'Name shown to people.' }),
    enable_ovs_learn_action: boolean({ default: true, doc: 'Kept for older clients; nothing depends on it.' }),
    node_id: text({
      doc: 'Name of the host or agent that the switch is on, for people; the datapath id decides.',
    }),
    dpid: datapathId({
      indexed: true,
      doc: 'The datapath id, as `ovs-vsctl get bridge br0 datapath_id` prints it.',
    }),
  },
  removal: {
    release: boolean({
      default: false,
      doc: 'Open the bridge: it gets back the settings that it had before it was served, and guests of all networks on it may reach each other. Otherwise it forwards nothing.',
    }),
  },
  unique: [{ columns: ['dpid', 'node_id'], error: 'argument' }],
  obsolete: ['dc_segment_id', 'dc_segment_uuid', 'ipv4_address', 'is_connected'],
  actions: {
    adopt: {
      method: 'PUT',
      doc: 'Confirms that this store takes the place of the one whose flows the host of the datapath holds, which deletes what this one lacks.',
      parameters: {
        confirm: boolean({ default: false, doc: 'Do so; without it only what would be deleted is shown.' }),
      },
      answers: 'datapath',
    },
  },
  summary: ['uuid', 'display_name', 'dpid', 'node_id'],
});
