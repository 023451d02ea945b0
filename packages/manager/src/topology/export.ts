import {
  columnOf,
  type Field,
  fieldsOf,
  ipv4ToText,
  type Kind,
  kindsInOrder,
  macToText,
  type RowOf,
  resourceOf,
  type Topology,
  topKinds,
} from '@openvnet/model';
import type { Reader } from '@openvnet/store';
import { nestedIn } from './wanted.ts';

type Entry = Record<string, unknown>;

/**
 * Everything that is registered, with the parameters of the API: applied to an empty store it gives the same again.
 * Parameters that have no value are left out; lists that hang below an object are whole.
 */
export function exportTopology(reader: Reader): Topology {
  const kinds = kindsInOrder().filter((kind) => topKinds.includes(kind));
  const all = kinds.map((kind) => [
    resourceOf(kind).plural,
    reader.find(kind, {}).map((row) => objectOf(reader, kind, row)),
  ]);
  return Object.fromEntries(all.filter(([, objects]) => objects!.length > 0)) as Topology;
}

function objectOf(reader: Reader, kind: Kind, row: RowOf<Kind>): Entry {
  const object = entryOf(reader, kind, row);
  for (const other of nestedIn(kind)) {
    const rows = reader.find(other, { [`${kind}_id`]: row.id });
    const parent = `${kind}_uuid`;
    // An interface has a port made along with it: that there is none has to be said.
    if (rows.length > 0 || resourceOf(other).idPrefix === undefined)
      object[resourceOf(other).nested!.name] = rows.map((one) => entryOf(reader, other, one, parent));
  }
  return object;
}

/** The fields of a row as the API takes them. */
export function entryOf(reader: Reader, kind: Kind, row: RowOf<Kind>, leftOut?: string): Entry {
  const declared = resourceOf(kind);
  const entry: Entry = declared.idPrefix ? { uuid: row.uuid } : {};
  for (const [name, field] of fieldsOf(declared)) {
    const value = (row as unknown as Entry)[columnOf(name, field)] ?? null;
    if (value === null || name === leftOut || field.derived) continue;
    entry[name] = parameterOf(reader, field, value);
  }
  return entry;
}

/** A stored value as the API takes it. */
export function parameterOf(reader: Reader, field: Field, value: unknown): unknown {
  if (value === null) return null;
  if (field.to) return reader.get(field.to as Kind, Number(value))?.uuid ?? null;
  if (field.type === 'mac') return macToText(Number(value));
  if (field.type === 'ipv4') return ipv4ToText(Number(value));
  return field.render(value);
}
