/** Interfaces with ports on several hosts for longer than a migration takes: status names the ports and a command. */
import { agoTextOf, type RowOf, shell } from '@openvnet/model';
import { byId } from '../api/record.ts';
import { type Facts, servedOf } from '../status/facts.ts';

const usualSeconds = 30;
/** Of those of one host. */
const mostNamed = 5;

type Placement = RowOf<'active_interface'>;

/** A note for each interface among `ids` that has ports on several hosts. */
export async function severalPorts(facts: Facts, ids: readonly number[]): Promise<ReadonlyMap<number, string>> {
  const placements = await facts.reader.find('active_interface', { interface_id: [...ids] });
  const several = [...Map.groupBy(placements, (row) => row.interface_id)].filter(([, rows]) => lastsLong(rows));
  if (several.length === 0) return new Map();
  const interfaces = await byId(
    facts.reader,
    'interface',
    several.map(([id]) => id),
  );
  return new Map(several.map(([id, rows]) => [id, noteOn(facts, interfaces.get(id)!, rows)]));
}

/** The notes on interfaces that stand by on each of `datapaths`. */
export async function portsStandingBy(
  facts: Facts,
  datapaths: readonly RowOf<'datapath'>[],
): Promise<ReadonlyMap<number, readonly string[]>> {
  const datapath_id = datapaths.map(({ id }) => id);
  const standing = await facts.reader.find('active_interface', { datapath_id, standby: true });
  if (standing.length === 0) return new Map();
  const notes = await severalPorts(
    facts,
    standing.map((row) => row.interface_id),
  );
  return new Map(
    [...Map.groupBy(standing, (row) => row.datapath_id)].map(([id, rows]) => {
      const texts = rows.flatMap((row) => notes.get(row.interface_id) ?? []);
      const more = texts.length - mostNamed;
      return [
        id,
        [
          ...texts.slice(0, mostNamed),
          ...(more > 0 ? [`${more} more interfaces with a port here have one on another host, too`] : []),
        ],
      ];
    }),
  );
}

function lastsLong(rows: readonly Placement[]): boolean {
  return rows.length > 1 && Date.now() - Date.parse(newest(rows).created_at) >= usualSeconds * 1000;
}

const newest = (rows: readonly Placement[]): Placement => rows.reduce((a, b) => (a.id > b.id ? a : b));

function noteOn(facts: Facts, { uuid, mode }: RowOf<'interface'>, rows: readonly Placement[]): string {
  const inOrder = rows.toSorted((a, b) => Number(a.standby) - Number(b.standby) || a.id - b.id);
  const named = inOrder.map((row) => ({ ...row, datapath: facts.datapaths.find(({ id }) => id === row.datapath_id)! }));
  const [place, ...others] = named.map(
    ({ port_name, datapath }) => `port ${port_name} on ${datapath.uuid} (host ${datapath.node_id})`,
  );
  const says = `${uuid} is at ${place}, and has ${others.join(' and ')} as well, the newest since ${agoTextOf(newest(rows).created_at)}; frames for it go to each of them`;
  const away = named.find(({ datapath_id }) => servedOf(facts, [datapath_id]).every(({ agent }) => !agent.connection));
  if (away) {
    const { uuid: datapath, node_id } = away.datapath;
    return `${says}. Host ${node_id} is away. If it does not come back, use: ${shell`vnctl datapaths del ${datapath}`}`;
  }
  const { datapath, port_name } = named[1]!;
  // The port of an uplink is the host's, and other things may need it.
  if (mode !== 'vif')
    return `${says}. Use: ${shell`vnctl interfaces modify ${uuid} --owner-datapath-uuid ${named[0]!.datapath.uuid}`}`;
  const [served] = servedOf(facts, [datapath.id]);
  const bridge = served?.bridge.name ?? datapath.display_name ?? 'BRIDGE';
  return `${says}. Remove those that are not in use. On ${datapath.node_id}, use: ${shell`ovs-vsctl del-port ${bridge} ${port_name ?? 'PORT'}`}`;
}
