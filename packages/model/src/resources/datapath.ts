import { boolean, datapathId, integer, ipv4Address, oneOf, text } from '../field.ts';
import { resource } from '../resource.ts';

/** How frames travel between two hosts. Of two that hosts are told to use, the later one in this list is used. */
export const encapsulations = ['geneve', 'vxlan', 'gre'] as const;
export type Encapsulation = (typeof encapsulations)[number];

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
    ipv4_address: ipv4Address({
      optional: true,
      doc: 'Tunnel address: the address of the host to which other hosts send. By default the one that its agent reports.',
    }),
    encapsulation: oneOf(encapsulations, {
      optional: true,
      doc: 'Tunnel protocol between this host and others; `geneve` by default.',
    }),
    tunnel_address: text({
      optional: true,
      immutable: true,
      derived: true,
      doc: 'The tunnel address in use: `ipv4_address` if the host has that address, else the one that its agent reports.',
    }),
    underlay_mtu: integer({
      unit: 'bytes',
      min: 0,
      max: 65_535,
      optional: true,
      immutable: true,
      derived: true,
      doc: 'MTU of the device with the tunnel address, as its agent reports it.',
    }),
  },
  removal: {
    release: boolean({
      default: false,
      doc: 'Release the bridge: restores its former settings, so that guests of all its networks may reach each other. Otherwise the bridge stays closed and forwards nothing.',
    }),
  },
  unique: [{ columns: ['dpid', 'node_id'], error: 'argument' }],
  obsolete: ['dc_segment_id', 'dc_segment_uuid', 'is_connected'],
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
