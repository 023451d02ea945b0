import { type RowOf, shell } from '@openvnet/model';
import type { Reader } from '@openvnet/store';

/** Networks that an interface of mode host is to carry besides that of its own lease: a wire without tags carries one. */
export async function notCarried(
  reader: Reader,
  { id, uuid }: RowOf<'interface'>,
  own: RowOf<'ip_lease'> | undefined,
): Promise<string[]> {
  const notes: string[] = [];
  const relations = await reader.find('datapath_network', { interface_id: id });
  const [carried, segment] = await broadcastDomain(reader, own?.network_id ?? relations[0]?.network_id);
  for (const { network_id, datapath_id } of relations) {
    const [network, itsSegment] = await broadcastDomain(reader, network_id);
    const same = network?.id === carried?.id || (segment !== null && segment === itsSegment);
    if (same || network?.mode !== 'physical') continue;
    const datapath = await reader.get('datapath', datapath_id);
    const command = shell`vnctl datapath network del ${datapath?.uuid ?? ''} ${network.uuid}`;
    notes.push(
      `${uuid} carries ${carried?.uuid}, and ${network.uuid} is on the same wire, which carries one network only. Use: ${command}, or give both networks one segment`,
    );
  }
  return notes;
}

async function broadcastDomain(
  reader: Reader,
  id: number | undefined,
): Promise<[network: RowOf<'network'> | undefined, segment: number | null]> {
  const network = id === undefined ? undefined : await reader.get('network', id);
  return [network, network?.segment_id ?? null];
}
