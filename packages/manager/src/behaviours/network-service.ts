import { noticeText, type RowOf, shell } from '@openvnet/model';
import type { Reader } from '@openvnet/store';
import { byId, rawOf } from '../api/record.ts';
import { mapInOrder } from '../in-order.ts';
import { noticesOf } from '../status/asked.ts';
import type { Hosts } from '../status/facts.ts';
import type { Behaviour } from './behaviour.ts';
import type { Asked } from './findings.ts';

type Service = RowOf<'network_service'>;

export const networkService: Behaviour<'network_service'> = {
  findings: ({ reader }, rows) =>
    mapInOrder(rows, async (row) => {
      const own = row.interface_id === null ? undefined : await reader.get('interface', row.interface_id);
      if (own?.mode === 'simulated') return {};
      const what = own
        ? `${own.uuid} is of mode ${own.mode}; a service needs an interface of mode simulated`
        : `${row.uuid} has no interface`;
      return { waits_for: [`${what}. Use: ${await again(reader, row, own)}`] };
    }),
  askHosts: (hosts, rows) => askServices(hosts, rows),
  async view(reader, rows) {
    const interfaces = await byId(
      reader,
      'interface',
      rows.map((row) => row.interface_id),
    );
    return rows.map((row) => ({ interface: rawOf(interfaces.get(row.interface_id ?? 0)) }));
  },
};

/** What services were asked in vain, as the hosts have noted it at their interfaces. */
export async function askServices(
  { agents, store }: Hosts,
  rows: readonly Pick<Service, 'interface_id'>[],
): Promise<Asked[]> {
  const only = rows.length === 1 ? (rows[0]!.interface_id ?? undefined) : undefined;
  const present = agents.all().filter(({ connection }) => connection);
  const notices = await noticesOf(agents, present, only);
  const interfaces = await store.read((reader) =>
    byId(
      reader,
      'interface',
      rows.map(({ interface_id }) => interface_id),
    ),
  );
  return rows.map(({ interface_id }) => {
    const own = notices.filter((one) => one.interface_id === interface_id);
    return { notes: own.map((one) => noticeText(interfaces.get(interface_id!)?.uuid ?? '', one)) };
  });
}

/** The command that makes a service again, at a simulated interface of the same network. */
async function again(reader: Reader, { uuid, mode }: Service, own: RowOf<'interface'> | undefined): Promise<string> {
  const networks = own && (await reader.find('ip_lease', { interface_id: own.id })).map(({ network_id }) => network_id);
  const leases = await reader.find('ip_lease', networks ? { network_id: networks } : {});
  const ids = leases.flatMap(({ interface_id }) => interface_id ?? []);
  const [station] =
    ids.length === 0 ? [] : await reader.find('interface', { id: ids, mode: 'simulated' }, { limit: 1 });
  const remove = shell`vnctl network-services del ${uuid}`;
  return `${remove} && ${shell`vnctl network-services add --interface-uuid ${station?.uuid ?? 'INTERFACE'} --mode ${mode}`}`;
}
