import { ipv4ToText, macToText, noticeText, printable, type RowOf, shell } from '@openvnet/model';
import type { Reader } from '@openvnet/store';
import { addCommand } from '../api/parameters.ts';
import { severalPorts } from '../hosts/several-ports.ts';
import { noticesOf, refusedFrames } from '../status/asked.ts';
import { concernedOf, type Facts, type Hosts, type ServedDatapath, servedOf, whyUnserved } from '../status/facts.ts';
import { adviseOnPort, askForPorts, excludedPorts } from '../status/port-advice.ts';
import type { Asked, Findings } from './findings.ts';
import { uplinkNotes } from './uplink-notes.ts';

type Row = RowOf<'interface'>;

/** Modes whose own addresses are what they are for; the others may be there to join a network to one outside. */
const addressed = new Set<Row['mode']>(['vif', 'simulated', 'internal']);
/** Modes that are the host itself, which has its port by itself. */
const ofHost = new Set<Row['mode']>(['host', 'internal']);

interface Belongings {
  readonly ports: readonly RowOf<'interface_port'>[];
  readonly macLeases: readonly RowOf<'mac_lease'>[];
  readonly ipLeases: readonly RowOf<'ip_lease'>[];
}

/** What has a port is in effect where that is; a simulated interface wherever it may be. */
export async function interfaceFindings(facts: Facts, rows: readonly Row[]): Promise<Findings[]> {
  const belongings = await belongingsOf(facts.reader, rows);
  const newest = await newestOf(facts, [...belongings.values()]);
  const uplinks = await uplinkNotes(facts, rows);
  const several = await severalPorts(
    facts,
    rows.map(({ id }) => id),
  );
  return rows.map((row) => {
    const own = belongings.get(row.id)!;
    const revision = newest(own);
    if (row.mode === 'remote') {
      return { revision, waits_for: ['mode remote has no effect: no host has such an interface'], served: [] };
    }
    const where = row.mode === 'simulated' ? simulatedAt(facts, row, own) : guestAt(facts, row, own);
    const waits_for = [...lackingAddresses(row, own), ...(where.waits_for ?? [])];
    return {
      revision,
      ...where,
      waits_for,
      notes: [
        ...(where.notes ?? []),
        ...(uplinks.get(row.id) ?? []),
        ...(several.has(row.id) ? [several.get(row.id)!] : []),
      ],
    };
  });
}

/** Where the ports are that interfaces wait for, and what their guests did last in vain. */
export async function askInterfaceHosts(hosts: Hosts, rows: readonly Row[]): Promise<Asked[]> {
  const [advice, ...notes] = await Promise.all([
    portAdvice(hosts, rows),
    guestNotes(hosts, rows),
    portsExcluded(hosts, rows),
  ]);
  return rows.map(({ id }) => ({
    advice: advice.filter((one) => one.id === id),
    notes: notes
      .flat()
      .filter((one) => one.id === id)
      .map(({ says }) => says),
  }));
}

async function portAdvice({ agents, facts }: Hosts, rows: readonly Row[]) {
  return await facts(async (known) => {
    const belongings = await belongingsOf(known.reader, rows);
    const missing = rows.flatMap(({ id, uuid }) =>
      agents.boundTo(id).length > 0
        ? []
        : belongings.get(id)!.ports.flatMap((port) => (port.port_name === null ? [] : [{ id, uuid, port }])),
    );
    const names = missing.map(({ port }) => port.port_name!);
    const seen = names.length > 0 ? await askForPorts(agents, names) : [];
    return missing.map((one) => ({ id: one.id, behind: noPort(one.port), says: adviseOnPort(known, seen, one) }));
  });
}

/** Ports on other hosts than the owner's, of guests that have one there. */
async function portsExcluded({ agents, facts }: Hosts, rows: readonly Row[]): Promise<{ id: number; says: string }[]> {
  return await facts(async (known) => {
    const guests = rows.filter(({ id, mode }) => mode === 'vif' && agents.boundTo(id).length > 0);
    const belongings = await belongingsOf(known.reader, guests);
    const owned = guests.flatMap(({ id, uuid }) => {
      const { ports } = belongings.get(id)!;
      return ports.every(({ datapath_id }) => datapath_id !== null) ? [{ id, uuid, ports }] : [];
    });
    const names = owned.flatMap(({ ports }) => ports.flatMap(({ port_name }) => port_name ?? []));
    const seen = names.length > 0 ? await askForPorts(agents, names) : [];
    return owned.flatMap((one) => excludedPorts(known, seen, one).map((says) => ({ id: one.id, says })));
  });
}

/** Counts of refused frames, and the newest of them in words. */
async function guestNotes({ agents, store }: Hosts, rows: readonly Row[]): Promise<{ id: number; says: string }[]> {
  const asked = [...new Set(rows.flatMap(({ id }) => agents.boundTo(id).map(({ agent }) => agent)))];
  const only = rows.length === 1 ? rows[0]!.id : undefined;
  const [frames, notices] = await Promise.all([refusedFrames(agents, asked, only), noticesOf(agents, asked, only)]);
  const notes: { id: number; says: string }[] = [];
  for (const row of rows) {
    const { id, uuid } = row;
    const count = frames.get(id) ?? 0;
    if (count > 0) {
      const allowed = await store.read((reader) => allowedAddresses(reader, row));
      notes.push({ id, says: `${count} ${count === 1 ? 'frame' : 'frames'} refused: ${uuid} may use only ${allowed}` });
    }
    for (const one of notices) if (one.interface_id === id) notes.push({ id, says: noticeText(uuid, one) });
  }
  return notes;
}

/** The addresses that an interface may send from, as text: `52:54:00:0d:84:01, 172.16.1.1`. */
export async function allowedAddresses(reader: Reader, row: Row): Promise<string> {
  const { macLeases, ipLeases } = (await belongingsOf(reader, [row])).get(row.id)!;
  const texts = [
    ...macLeases.map(({ mac_address }) => macToText(mac_address)),
    ...ipLeases.map(({ ipv4_address }) => ipv4ToText(ipv4_address)),
  ];
  return texts.join(', ') || 'none';
}

function guestAt(facts: Facts, row: Row, { ports }: Belongings): Findings {
  const bound = facts.agents.boundTo(row.id).flatMap(({ agent, ...found }) => {
    const place = servedOf(facts, [found.datapath_id]).find((one) => one.agent === agent);
    return place ? [{ ...found, place }] : [];
  });
  if (bound.length > 0) {
    const places = bound.map(({ place }) => place);
    return {
      served: [...places, ...elsewhere(facts, row, places)],
      on: bound.map(({ place, port_name, port_number }) => ({
        datapath_uuid: place.datapath.uuid,
        port_name,
        port_number,
      })),
      notes: bound.flatMap(({ place, port_name, link, admin }) => {
        const port = `port ${port_name} on ${place.datapath.uuid}`;
        if (admin === 'down')
          return [`${port} is administratively down. Use: ${shell`ip link set ${port_name ?? ''} up`}`];
        return link === 'down'
          ? [
              `the link of ${port} is down. Use: ${shell`ip link set ${port_name ?? ''} up`}, on both ends of a veth pair`,
            ]
          : [];
      }),
    };
  }
  const named = ports.filter(({ port_name }) => port_name !== null);
  const missing = named.map((port) => waitsForPort(facts, port));
  if (missing.length === 0 && ofHost.has(row.mode)) return { served: [], waits_for: [whyUnserved(facts)] };
  const nameless = `interface ${row.uuid} has no port. Use: vnctl interfaces ports add ${row.uuid} --port-name NAME`;
  return { served: [], waits_for: missing.length > 0 ? missing : [nameless] };
}

/** Other hosts that reach an interface. They count where its own host is there. */
function elsewhere(facts: Facts, { id }: Row, places: readonly ServedDatapath[]): ServedDatapath[] {
  if (!facts.agents.concerns() || !places.some(({ agent }) => agent.connection)) return [];
  const others = servedOf(facts).filter(({ agent }) => agent.connection && !places.some((one) => one.agent === agent));
  return [...concernedOf(facts, others, 'interface', id)];
}

function waitsForPort(facts: Facts, port: RowOf<'interface_port'>): string {
  const { datapath_id } = port;
  const registered = datapath_id === null ? facts.datapaths : facts.datapaths.filter(({ id }) => id === datapath_id);
  const served = servedOf(
    facts,
    registered.map(({ id }) => id),
  );
  if (served.length === 0) return whyUnserved(facts, registered);
  const names = [...new Set(served.map(({ datapath }) => datapath.uuid))];
  const shown = names.length > 3 ? `${names.slice(0, 3).join(', ')} or ${names.length - 3} more` : names.join(' or ');
  return `${noPort(port)} on ${shown}`;
}

function noPort({ port_name }: RowOf<'interface_port'>): string {
  return `no port named ${printable(port_name ?? '')}`;
}

/** Where ports reach it; nothing is in the way of one that no port reaches yet. */
function simulatedAt(facts: Facts, { id }: Row, { ports }: Belongings): Findings {
  const anywhere = ports.some(({ datapath_id }) => datapath_id === null);
  const allowed = anywhere
    ? facts.datapaths
    : facts.datapaths.filter(({ id }) => ports.some((port) => port.datapath_id === id));
  const everywhere = servedOf(
    facts,
    allowed.map((datapath) => datapath.id),
  );
  const served = concernedOf(facts, everywhere, 'interface', id);
  return {
    served,
    on: served.map(({ datapath }) => ({ datapath_uuid: datapath.uuid, port_name: null, port_number: null })),
    ...(everywhere.length === 0 && { waits_for: [whyUnserved(facts, allowed)] }),
  };
}

function lackingAddresses(row: Row, { macLeases, ipLeases }: Belongings): string[] {
  const lacking: string[] = [];
  if (!addressed.has(row.mode)) return lacking;
  if (macLeases.length === 0) {
    const command = addCommand('mac_lease', `--interface-uuid ${row.uuid} --mac-address MAC`);
    lacking.push(`interface ${row.uuid} has no MAC lease. Use: ${command}`);
  }
  const inSegment = macLeases.some(({ segment_id }) => segment_id !== null);
  if (!inSegment && !ipLeases.some(({ mac_lease_id }) => mac_lease_id !== null)) {
    const options = `--interface-uuid ${row.uuid} --network-uuid NETWORK --ipv4-address ADDRESS`;
    lacking.push(`interface ${row.uuid} has no IP lease on a MAC lease. Use: ${addCommand('ip_lease', options)}`);
  }
  return lacking;
}

async function belongingsOf(reader: Reader, rows: readonly Row[]): Promise<Map<number, Belongings>> {
  const interface_id = rows.map(({ id }) => id);
  const ports = Map.groupBy(await reader.find('interface_port', { interface_id }), (row) => row.interface_id);
  const macLeases = Map.groupBy(await reader.find('mac_lease', { interface_id }), (row) => row.interface_id);
  const ipLeases = Map.groupBy(await reader.find('ip_lease', { interface_id }), (row) => row.interface_id!);
  return new Map(
    interface_id.map((id) => [
      id,
      { ports: ports.get(id) ?? [], macLeases: macLeases.get(id) ?? [], ipLeases: ipLeases.get(id) ?? [] },
    ]),
  );
}

/** The newest revision of what belongs to an interface. */
async function newestOf({ reader }: Facts, all: readonly Belongings[]): Promise<(own: Belongings) => number> {
  const ids = (rows: readonly { id: number }[]) => rows.map(({ id }) => id);
  const ports = await reader.revisionsOf(
    'interface_port',
    all.flatMap((own) => ids(own.ports)),
  );
  const macLeases = await reader.revisionsOf(
    'mac_lease',
    all.flatMap((own) => ids(own.macLeases)),
  );
  const ipLeases = await reader.revisionsOf(
    'ip_lease',
    all.flatMap((own) => ids(own.ipLeases)),
  );
  return (own) =>
    Math.max(
      0,
      ...ids(own.ports).map((id) => ports.get(id) ?? 0),
      ...ids(own.macLeases).map((id) => macLeases.get(id) ?? 0),
      ...ids(own.ipLeases).map((id) => ipLeases.get(id) ?? 0),
    );
}
