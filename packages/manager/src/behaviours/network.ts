import type { RowOf } from '@openvnet/model';
import type { Reader } from '@openvnet/store';
import { addCommand } from '../api/parameters.ts';
import { mapInOrder } from '../in-order.ts';
import type { Behaviour } from './behaviour.ts';
import { joinTopology } from './topology.ts';

export const network: Behaviour<'network'> = {
  complete: (_tx, values) => ({
    ...values,
    domain_name: values.domain_name ?? values.uuid.slice(values.uuid.indexOf('-') + 1),
  }),
  created: joinTopology('network'),
  findings: ({ reader }, rows) =>
    mapInOrder(rows, async ({ id, mode, uuid }) => ({
      notes: mode === 'physical' && !(await isJoined(reader, id)) ? [lonely(uuid)] : [],
    })),
};

/** Modes of interfaces by whose port a network is joined to others outside. */
const joining = new Set<RowOf<'interface'>['mode']>(['host', 'patch', 'promiscuous']);

async function isJoined(reader: Reader, network_id: number): Promise<boolean> {
  const ways = [
    ...(await reader.find('interface_network', { network_id })),
    ...(await reader.find('datapath_network', { network_id })),
  ];
  for (const { interface_id } of ways) {
    if (interface_id !== null && joining.has((await reader.get('interface', interface_id))!.mode)) return true;
  }
  return false;
}

function lonely(uuid: string): string {
  const options = `--mode host --port-name NIC --network-uuid ${uuid} --ipv4-address ADDRESS --mac-address MAC`;
  return `nothing joins it to the network of the hosts: add the interface of one with: ${addCommand('interface', options)}`;
}
