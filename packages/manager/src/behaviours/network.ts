import { ipv4ToText, networkAddress, type RowOf } from '@openvnet/model';
import type { Reader } from '@openvnet/store';
import { addCommand } from '../api/parameters.ts';
import { mapInOrder } from '../in-order.ts';
import type { Behaviour } from './behaviour.ts';
import { hostNotes } from './network-hosts.ts';
import { joinTopology } from './topology.ts';
import { joining } from './uplink-notes.ts';

export const network: Behaviour<'network'> = {
  complete: (_tx, values) => ({
    ...values,
    domain_name: values.domain_name ?? values.uuid.slice(values.uuid.indexOf('-') + 1),
  }),
  created: joinTopology('network'),
  findings: (facts, rows) =>
    mapInOrder(rows, async (row) => ({
      notes: [
        ...(row.mode === 'physical' && !(await isJoined(facts.reader, row.id)) ? [lonely(row.uuid)] : []),
        ...hostBits(row),
        ...(await hostNotes(facts, row)),
      ],
    })),
};

/** An address with host bits is taken, as in the original: what is meant is the network around it. */
function hostBits({ ipv4_network, ipv4_prefix }: RowOf<'network'>): string[] {
  const first = networkAddress(ipv4_network, ipv4_prefix);
  if (first === ipv4_network) return [];
  return [
    `${ipv4ToText(ipv4_network)}/${ipv4_prefix} has host bits set; the network is ${ipv4ToText(first)}/${ipv4_prefix}`,
  ];
}

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
  return `nothing connects it to the network of the hosts: add a host interface. Use: ${addCommand('interface', options)}`;
}
