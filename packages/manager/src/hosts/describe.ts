import { pathBetween, type RowOf } from '@openvnet/model';
import { type Facts, seenAs } from '../status/facts.ts';

/** Of tunnels, interfaces and what is waited for so many are named. */
const mostNamed = 20;

/** The tunnels of a datapath, the interfaces that it has, and what its host waits for. */
export async function describeDatapath(facts: Facts, row: RowOf<'datapath'>): Promise<string[]> {
  const [{ agent } = {}] = seenAs(row, facts.agents);
  const tunnels = facts.datapaths.flatMap((other) => {
    const path = pathBetween(row, other);
    if (!path) return [];
    const [{ agent: its } = {}] = seenAs(other, facts.agents);
    const takes = path.mtu === null ? '' : `, for packets of up to ${path.mtu} bytes`;
    const away = its?.connection ? '' : '; its agent is away';
    const where = `${other.uuid} on ${its?.node ?? other.node_id}, at ${other.tunnel_address}`;
    return `${path.encapsulation} tunnel to ${where}${takes}${away}`;
  });
  const placed = await facts.reader.find('active_interface', { datapath_id: row.id });
  const interfaces = await facts.reader.find('interface', { id: placed.map(({ interface_id }) => interface_id) });
  const standby = new Set(placed.flatMap((place) => (place.standby ? place.interface_id : [])));
  const names = interfaces.map(({ id, uuid }) => (standby.has(id) ? `${uuid} (standby)` : uuid));
  const waits = [...(agent?.waiting ?? [])].flatMap(([, reasons]) => reasons);
  return [
    ...some(tunnels, 'tunnels'),
    ...(names.length > 0 ? [`interfaces here: ${some(names, 'interfaces').join(', ')}`] : []),
    ...some(
      [...new Set(waits)].map((reason) => `${agent?.node} ${reason}`),
      'reasons',
    ),
  ];
}

/** Where an interface is. */
export async function describeInterface(
  { reader, agents, datapaths }: Facts,
  { id }: RowOf<'interface'>,
): Promise<string[]> {
  const places = await reader.find('active_interface', { interface_id: id });
  return places.map(({ datapath_id, port_name, standby }) => {
    const datapath = datapaths.find((row) => row.id === datapath_id);
    const [{ agent } = {}] = datapath ? seenAs(datapath, agents) : [];
    const where = `${datapath?.uuid} on ${agent?.node ?? datapath?.node_id}, at port ${port_name}`;
    return standby ? `a second port is at ${where}: it may be moving there` : `it is at ${where}`;
  });
}

function some(texts: readonly string[], what: string): string[] {
  const more = texts.length - mostNamed;
  return more > 0 ? [...texts.slice(0, mostNamed), `${more} more ${what}`] : [...texts];
}
