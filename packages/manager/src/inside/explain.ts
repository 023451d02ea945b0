import {
  columnOf,
  type ExplainAnswer,
  type Field,
  fieldsOf,
  type Kind,
  kinds,
  parametersOf,
  type Related,
  type RowOf,
  resourceOf,
  text,
} from '@openvnet/model';
import type { Reader } from '@openvnet/store';
import type { Endpoint, Parameter } from '../api/endpoint.ts';
import { nameOf } from '../api/name-of.ts';
import { readParameters } from '../api/parameters.ts';
import { recordOf } from '../api/record.ts';
import { mapInOrder } from '../in-order.ts';
import { askForFlows } from './flows.ts';
import type { Inside } from './inside.ts';
import { objectNamed } from './object-named.ts';

/** Of each kind that refers to an object so many are named. */
const mostNamed = 50;

const parameters: readonly Parameter[] = [
  { name: 'object', field: text({ doc: 'An object of any kind, by uuid.' }), required: true },
];

/** `GET /explain`: all that there is to say of one object. */
export function explainEndpoint(inside: Inside): Endpoint {
  return {
    method: 'GET',
    path: '/explain',
    doc: 'Describes an object: parameters, relations, status, and its flows in the switches.',
    group: 'inside',
    parameters,
    answer: { shape: 'object' },
    handle: ({ given, signal }) => explain(inside, String(readParameters(parameters, given).object), signal),
  };
}

async function explain({ store, agents, reports }: Inside, uuid: string, signal: AbortSignal): Promise<ExplainAnswer> {
  const { kind, row, referring, ...registered } = await store.read(async (reader) => {
    const { kind, row } = await objectNamed(reader, uuid);
    return {
      kind,
      row,
      referring: await referringTo(reader, kind, row.id),
      fields: fieldsInWords(await recordOf(reader, kind, row), parametersOf(resourceOf(kind))),
      part_of: await partOf(reader, kind, row),
    };
  });
  const declared = resourceOf(kind);
  const [status, details, { flows, features, notes }] = await Promise.all([
    reports.statusOf(kind, row),
    reports.detailsOf(kind, row),
    askForFlows(agents, { about: 'flows', object: { kind, id: row.id } }, signal),
  ]);
  const byFeature = Map.groupBy(flows, ({ feature }) => feature);
  return {
    uuid: row.uuid,
    kind,
    doc: declared.doc,
    ...registered,
    referred_to_by: referring.named,
    status,
    details,
    flows: [...byFeature].map(([feature, own]) => ({
      feature,
      doc: features[feature] ?? '',
      flows: own.length,
      packets: own.reduce((sum, { packets }) => sum + packets, 0),
    })),
    notes: [...notes, ...referring.notes],
  };
}

function fieldsInWords(
  record: Readonly<Record<string, unknown>>,
  fields: readonly [string, Field][],
): ExplainAnswer['fields'] {
  return fields.flatMap(([name, { doc, type, render }]) => {
    const value = record[name];
    if (value === undefined || value === null || value === '') return [];
    // A few answers hold what is stored and not what it stands for.
    const shown = typeof value === 'number' && (type === 'mac' || type === 'ipv4') ? render(value) : value;
    return [{ name, value: String(shown), doc }];
  });
}

/** The objects that one refers to. */
async function partOf(reader: Reader, kind: Kind, row: RowOf<Kind>): Promise<Related[]> {
  return (
    await mapInOrder(fieldsOf(resourceOf(kind)), async ([name, field]) => {
      const id = (row as Readonly<Record<string, unknown>>)[columnOf(name, field)];
      const other = field.to && typeof id === 'number' ? await reader.get(field.to as Kind, id) : undefined;
      return other ? [{ kind: field.to!, name: await nameOf(reader, field.to as Kind, other), parameter: name }] : [];
    })
  ).flat();
}

/** The objects that refer to one, the first of each kind, with a note for those that are left out. */
async function referringTo(reader: Reader, kind: Kind, id: number): Promise<{ named: Related[]; notes: string[] }> {
  const named: Related[] = [];
  const notes: string[] = [];
  for (const other of kinds) {
    for (const [parameter, field] of fieldsOf(resourceOf(other))) {
      if (field.to !== kind) continue;
      const where = { [columnOf(parameter, field)]: id };
      for (const row of await reader.find(other, where, { limit: mostNamed }))
        named.push({ kind: other, name: await nameOf(reader, other, row), parameter });
      const all = await reader.count(other, where);
      if (all > mostNamed) notes.push(`${all - mostNamed} more ${resourceOf(other).plural} refer to it`);
    }
  }
  return { named, notes };
}
