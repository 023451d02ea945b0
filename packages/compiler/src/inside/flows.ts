import type { FlowsAnswer, FlowsQuestion, Kind, ShownFlow } from '@openvnet/model';
import { decodeFlow, type Flow, type InstalledFlow, type SwitchConnection } from '@openvnet/openflow';
import type { Compiler } from '../engine/compiler.ts';
import { cookieIn, cookieOf, learnedMark, readCookie } from '../engine/feature.ts';
import { familyOf, itemsOf, namesOf, ownerOf } from '../engine/owners.ts';
import { features } from '../features/index.ts';
import { tableNumbers } from '../pipeline/tables.ts';
import { actionsByName, matchByName, nextOf, tableText } from './names.ts';

/** More items than this are not asked for one by one; all flows are read then, and others left out. */
const mostItems = 100;

/** A switch, as much of it as is looked at. */
export interface Inspected {
  readonly compiler: Compiler;
  readonly datapathId: number;
  readonly dpid: string;
  readonly connection: Pick<SwitchConnection, 'dumpFlows'> | undefined;
  readonly reality?: Reality;
}

/** What is known of a switch's ports beside its flows, by the interfaces that are there; each in sentences. */
export interface Reality {
  /** What keeps frames from passing: a link that is down, a device that Open vSwitch cannot open. */
  readonly obstacles: (interfaceId: number) => readonly string[];
  /** What its guest did last that was refused. */
  readonly refusals: (interfaceId: number) => readonly string[];
}

/** The flows of the switches, read back with their counters. */
export async function readShownFlows(switches: readonly Inspected[], question: FlowsQuestion): Promise<FlowsAnswer> {
  const flows: ShownFlow[] = [];
  const notes: string[] = [];
  for (const served of switches) {
    if (question.datapath_id !== undefined && question.datapath_id !== served.datapathId) continue;
    const uuid = datapathName(served);
    try {
      flows.push(...(await flowsOf(served, question)).map((flow) => shownFlow(served.compiler, uuid, flow)));
    } catch (error) {
      notes.push(`the flows of ${uuid} cannot be read: ${(error as Error).message}`);
    }
  }
  const used = new Set(flows.map(({ feature }) => feature));
  const docs = features.filter(({ name }) => used.has(name)).map(({ name, doc }) => [name, doc]);
  return { flows: flows.sort(inOrder), features: Object.fromEntries(docs), notes };
}

/** A flow by names. */
export function shownFlow(
  { relations }: Compiler,
  datapath_uuid: string,
  { key, body, packets, bytes, seconds }: InstalledFlow,
): ShownFlow {
  const flow = decodeFlow({ key, body });
  return {
    datapath_uuid,
    table: tableText(flow.table),
    priority: flow.priority,
    match: matchByName(relations, flow),
    actions: actionsByName(relations, flow),
    next: nextOf(flow),
    ...decidedBy(relations, flow),
    packets,
    bytes,
    age_seconds: seconds,
  };
}

/** What put a flow there: the feature, and the object that the item is of. */
export function decidedBy(
  relations: Compiler['relations'],
  { cookie, priority }: Pick<Flow, 'cookie' | 'priority'>,
): Pick<ShownFlow, 'feature' | 'object_uuid' | 'interface_uuid'> {
  const { feature: mark, item } = readCookie(cookie);
  const feature = features.find((one) => one.cookie === mark);
  const learned = mark === learnedMark;
  const owner = learned ? ({ kind: 'interface', id: item } as const) : undefined;
  const { object, of } = namesOf(relations, feature && item > 0 ? ownerOf(relations, feature.source, item) : owner);
  const name = feature?.name ?? (learned ? 'learned' : cookie === 0n && priority === 0 ? 'miss' : 'unknown');
  return { feature: name, object_uuid: object, interface_uuid: of };
}

export function datapathName({ compiler, datapathId, dpid }: Inspected): string {
  return compiler.relations.datapath.get(datapathId)?.uuid ?? dpid;
}

async function flowsOf(served: Inspected, { object, table }: FlowsQuestion): Promise<InstalledFlow[]> {
  const { connection, compiler, datapathId } = served;
  if (!connection) throw new Error('the switch is not connected');
  const where = table === undefined ? {} : { table: numberOf(table) };
  if (!object) return connection.dumpFlows(where);
  if (object.kind === 'datapath') return object.id === datapathId ? connection.dumpFlows(where) : [];
  const cookies = cookiesOf(compiler, { kind: object.kind as Kind, id: object.id });
  const found: InstalledFlow[] = [];
  if (cookies.size > mostItems)
    found.push(...(await connection.dumpFlows(where)).filter(({ body }) => cookies.has(cookieIn(body))));
  else for (const cookie of cookies) found.push(...(await connection.dumpFlows({ ...where, cookie })));
  if (object.kind !== 'network') return found;
  // What delivers to a MAC address does so in every network of its interface.
  const uuid = compiler.relations.network.get(object.id)?.uuid;
  return found.filter(({ key, body }) => {
    const { domain = uuid } = matchByName(compiler.relations, decodeFlow({ key, body }));
    return domain === uuid;
  });
}

/** The cookies of all items that belong to an object. */
function cookiesOf({ relations }: Compiler, object: { kind: Kind; id: number }): Set<bigint> {
  const family = familyOf(relations, object);
  return new Set(
    features.flatMap(({ cookie, source }) =>
      family.flatMap((member) => itemsOf(relations, source, member).map((item) => cookieOf(cookie, item))),
    ),
  );
}

function numberOf(table: string): number {
  const number = (tableNumbers as Readonly<Record<string, number>>)[table];
  if (number === undefined)
    throw new Error(`there is no table ${table}; there are ${Object.keys(tableNumbers).join(', ')}`);
  return number;
}

function inOrder(a: ShownFlow, b: ShownFlow): number {
  const place = ({ table }: ShownFlow): number => (tableNumbers as Readonly<Record<string, number>>)[table] ?? 255;
  return (
    a.datapath_uuid.localeCompare(b.datapath_uuid) ||
    place(a) - place(b) ||
    b.priority - a.priority ||
    JSON.stringify(a.match).localeCompare(JSON.stringify(b.match))
  );
}
