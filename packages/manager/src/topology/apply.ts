import {
  ApiError,
  type Applied,
  columnOf,
  fieldsOf,
  type Kind,
  kindsInOrder,
  parametersOf,
  type RowOf,
  resourceOf,
  type TopologyChange,
  topKinds,
} from '@openvnet/model';
import type { Transaction } from '@openvnet/store';
import type { Given } from '../api/endpoint.ts';
import { inOurWords, objectInPath, parametersFor, readParameters, resolveReferences } from '../api/parameters.ts';
import { type Json, recordOf } from '../api/record.ts';
import { changeIn, makeIn, type Place, type Writing } from '../api/resource-endpoints.ts';
import { entryOf, parameterOf } from './export.ts';
import { readTopology, refused, type Wanted } from './wanted.ts';

export interface ApplyOptions {
  /** Says what would change, and changes nothing. */
  readonly dryRun: boolean;
  /** Removes objects that the topology does not have. */
  readonly remove: boolean;
}

/**
 * Makes what is registered as a topology says, in one transaction: all of it, or nothing where something is refused.
 * Objects that are there stay, with what they refer to; of lists that stand inside an object nothing else remains.
 */
export function applyTopology(
  { store, around }: Place,
  topology: unknown,
  { dryRun, remove }: ApplyOptions,
): Applied & { revision: number } {
  const wanted = readTopology(topology);
  const rehearsed = new Rehearsed();
  try {
    const { value, revision } = store.transaction((tx) => {
      const changes: TopologyChange[] = remove ? removeOthers(tx, wanted) : [];
      for (const one of wanted) {
        changes.push(...('entries' in one ? applyList({ tx, around }, one) : applyObject({ tx, around }, one)));
      }
      if (dryRun) {
        rehearsed.changes = changes;
        throw rehearsed;
      }
      return changes;
    });
    return { applied: true, changes: value, revision };
  } catch (error) {
    if (error !== rehearsed) throw error;
    return { applied: false, changes: rehearsed.changes, revision: store.revision };
  }
}

/** Thrown out of a transaction that is not to be kept. */
class Rehearsed extends Error {
  changes: TopologyChange[] = [];
}

type WantedObject = Extract<Wanted, { readonly uuid: string }>;
type WantedList = Extract<Wanted, { readonly entries: unknown }>;

function applyObject({ tx, around }: Writing, { kind, given, uuid }: WantedObject): TopologyChange[] {
  const object = `${resourceOf(kind).plural} ${uuid}`;
  return naming(object, () => {
    const row = tx.byUuid(kind, uuid);
    if (!row) {
      makeIn({ tx, around }, kind, given);
      return [{ action: 'add', object, fields: {} }];
    }
    const fields = differences(tx, kind, row, given);
    if (Object.keys(fields).length === 0) return [];
    for (const [name, field] of parametersOf(resourceOf(kind))) {
      const own = fieldsOf(resourceOf(kind)).some(([known]) => known === name);
      if (!fields[name] || (own && !field.immutable)) continue;
      const { from, to } = fields[name];
      throw refused(name, `is ${from} and cannot be changed to ${to}; remove the object first`);
    }
    changeIn(tx, kind, uuid, Object.fromEntries(Object.keys(fields).map((name) => [name, fields[name]!.to])));
    return [{ action: 'change', object, fields }];
  });
}

function applyList({ tx, around }: Writing, { kind, parent, parentUuid, entries }: WantedList): TopologyChange[] {
  const { nested } = resourceOf(kind);
  const parentName = `${parent}_uuid`;
  const title = `${nested!.name} of ${parentUuid}`;
  return naming(title, () => {
    const parentId = objectInPath(tx, parent, parentUuid).id;
    const left = new Set(tx.find(kind, { [`${parent}_id`]: parentId } as object));
    const missing: Given[] = [];
    for (const entry of entries) {
      const same = [...left].find((row) => Object.keys(differences(tx, kind, row, entry)).length === 0);
      if (same) left.delete(same);
      else missing.push(entry);
    }
    const label = (entry: Given): string => `${title}: ${labelOf(kind, entry)}`;
    const gone = [...left].map((row): TopologyChange => {
      const object = label(entryOf(tx, kind, row, parentName));
      tx.remove(kind, row.id);
      return { action: 'remove', object, fields: {} };
    });
    const made = missing.map((entry): TopologyChange => {
      const find = () => ({ [`${parent}_id`]: parentId });
      makeIn({ tx, around }, kind, entry, { names: [parentName], find });
      return { action: 'add', object: label(entry), fields: {} };
    });
    return [...gone, ...made];
  });
}

/** Parameters that are not as wanted. Those that answers do not show are taken as equal. */
function differences(tx: Transaction, kind: Kind, row: RowOf<Kind>, given: Given): TopologyChange['fields'] {
  const declared = resourceOf(kind);
  const parameters = parametersFor(parametersOf(declared), 'change');
  const values = readParameters(parameters, inOurWords(declared, given));
  const columns = resolveReferences(tx, parametersOf(declared), values);
  const own = new Set(fieldsOf(declared).map(([name]) => name));
  const found: Record<string, { from: unknown; to: unknown }> = {};
  if (declared.idPrefix && given.uuid !== undefined && given.uuid !== row.uuid)
    found.uuid = { from: row.uuid, to: given.uuid };
  let record: Json | undefined;
  for (const { name, field } of parameters) {
    if (!(name in values)) continue;
    const wanted = columns[columnOf(name, field as never)];
    const shown = parametersOf(declared).find(([known]) => known === name)![1];
    if (own.has(name)) {
      const stored = (row as unknown as Json)[columnOf(name, shown)] ?? null;
      if (stored !== wanted) found[name] = { from: parameterOf(tx, shown, stored), to: parameterOf(tx, shown, wanted) };
      continue;
    }
    record ??= recordOf(tx, kind, row);
    if (record[name] === undefined) continue;
    const to = parameterOf(tx, shown, wanted);
    if (record[name] !== to) found[name] = { from: record[name], to };
  }
  return found;
}

/** Removes what a topology does not have, but for leases that were made along with an interface that it has. */
function removeOthers(tx: Transaction, wanted: readonly Wanted[]): TopologyChange[] {
  const named = new Set(wanted.flatMap((one) => ('uuid' in one ? [one.uuid] : [])));
  const along = new Map(
    wanted.flatMap((one) => ('uuid' in one && one.kind === 'interface' ? [[one.uuid, one.given] as const] : [])),
  );
  const kept = (kind: Kind, row: RowOf<Kind>): boolean => {
    if (kind !== 'mac_lease' && kind !== 'ip_lease') return false;
    const lease = row as RowOf<'mac_lease'> & RowOf<'ip_lease'>;
    const holder = lease.interface_id === null ? undefined : tx.get('interface', lease.interface_id);
    const given = holder && along.get(holder.uuid);
    const name = kind === 'mac_lease' ? 'mac_address' : 'ipv4_address';
    if (given?.[name] === undefined) return false;
    const field = fieldsOf(resourceOf(kind)).find(([known]) => known === name)![1];
    return field.schema.safeParse(given[name]).data === lease[name];
  };
  const changes: TopologyChange[] = [];
  // What refers to others goes first, so that everything that goes is named.
  for (const kind of kindsInOrder()
    .reverse()
    .filter((one) => topKinds.includes(one))) {
    for (const row of tx.find(kind, {})) {
      if (named.has(row.uuid) || kept(kind, row) || !tx.remove(kind, row.id)) continue;
      changes.push({ action: 'remove', object: `${resourceOf(kind).plural} ${row.uuid}`, fields: {} });
    }
  }
  return changes;
}

/** A child or relation, as people tell it from its neighbours. */
function labelOf(kind: Kind, entry: Given): string {
  const { nested } = resourceOf(kind);
  const name = entry.uuid ?? (nested?.with && entry[`${nested.with}_uuid`]);
  if (name) return String(name);
  return Object.entries(entry)
    .map(([parameter, value]) => `${parameter} ${value}`)
    .join(', ');
}

/** Says with each refusal what it is about. */
function naming<T>(object: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    const missing = error.kind === 'missingArgument' ? ' is missing' : '';
    throw new ApiError(error.kind, `${object}: ${error.message}${missing}`, { cause: error });
  }
}
