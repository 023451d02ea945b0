import {
  columnOf,
  type Field,
  fieldsOf,
  ipv4ToText,
  type Kind,
  kindsInOrder,
  macToText,
  nestedIn,
  parentField,
  type RowOf,
  resourceOf,
  type Topology,
  topKinds,
} from '@openvnet/model';
import type { Reader } from '@openvnet/store';
import { behaviourOf } from '../behaviours/registry.ts';
import { mapInOrder } from '../in-order.ts';

type Entry = Record<string, unknown>;

/**
 * Everything that is registered, with the parameters of the API: applied to an empty store it gives the same again.
 * Parameters that have no value are left out, unless one would be found for them; lists that hang below an object are
 * whole, but for what other objects have made.
 */
export async function exportTopology(reader: Reader): Promise<Topology> {
  const kinds = kindsInOrder().filter((kind) => topKinds.includes(kind));
  const topology: Record<string, Entry[]> = {};
  for (const kind of kinds) {
    const rows = await reader.find(kind, {});
    if (rows.length === 0) continue;
    topology[resourceOf(kind).plural] = await mapInOrder(rows, (row) => objectOf(reader, kind, row));
  }
  return topology as Topology;
}

async function objectOf(reader: Reader, kind: Kind, row: RowOf<Kind>): Promise<Entry> {
  const object = await entryOf(reader, kind, row);
  for (const other of nestedIn(kind)) {
    const { name } = resourceOf(other).nested!;
    const rows = (await below(reader, other, row.id)).filter((one) => isByHand(other, one));
    object[name] = await mapInOrder(rows, (one) => entryOf(reader, other, one));
  }
  return object;
}

/** What hangs below an object. */
export function below(reader: Reader, kind: Kind, id: number): Promise<RowOf<Kind>[]> {
  return reader.find(kind, { [parentField(resourceOf(kind).nested!).replace(/_uuid$/, '_id')]: id } as object);
}

/** Whether somebody has asked for it, so that it is part of a topology. */
export function isByHand(kind: Kind, row: RowOf<Kind>): boolean {
  return behaviourOf(kind).byHand?.(row) ?? true;
}

/** The fields of a row as the API takes them; the object below which it hangs is left out. */
export async function entryOf(reader: Reader, kind: Kind, row: RowOf<Kind>): Promise<Entry> {
  const declared = resourceOf(kind);
  const { fills = [], exportedWith } = behaviourOf(kind);
  const leftOut = declared.nested && parentField(declared.nested);
  const entry: Entry = declared.idPrefix ? { uuid: row.uuid } : {};
  for (const [name, field] of fieldsOf(declared)) {
    const value = (row as unknown as Entry)[columnOf(name, field)] ?? null;
    if (name === leftOut || field.derived || (value === null && !fills.includes(name))) continue;
    entry[name] = field.to ? await parameterOf(reader, field, value) : plainParameterOf(field, value);
  }
  return { ...entry, ...exportedWith };
}

/** A stored value as the API takes it. */
export async function parameterOf(reader: Reader, field: Field, value: unknown): Promise<unknown> {
  if (value === null || !field.to) return plainParameterOf(field, value);
  return (await reader.get(field.to as Kind, Number(value)))?.uuid ?? null;
}

/** As `parameterOf`, of a field that refers to nothing. */
function plainParameterOf(field: Field, value: unknown): unknown {
  if (value === null) return null;
  if (field.type === 'mac') return macToText(Number(value));
  if (field.type === 'ipv4') return ipv4ToText(Number(value));
  return field.render(value);
}
