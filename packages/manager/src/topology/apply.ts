import {
  ApiError,
  type Applied,
  columnOf,
  fieldsOf,
  type Kind,
  kindsInOrder,
  otherField,
  parametersOf,
  parentField,
  type RowOf,
  resourceOf,
  type TopologyChange,
  topKinds,
} from '@openvnet/model';
import type { Transaction } from '@openvnet/store';
import type { Given } from '../api/endpoint.ts';
import { inOurWords, objectInPath, parametersFor, readParameters, resolveReferences } from '../api/parameters.ts';
import { type Json, recordOf } from '../api/record.ts';
import { changeIn, insertIn, type Place, type Writing } from '../api/resource-endpoints.ts';
import { behaviourOf } from '../behaviours/index.ts';
import { below, entryOf, isByHand, parameterOf } from './export.ts';
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
  if (remove && !dryRun && wanted.length === 0) {
    throw refused(
      'topology',
      'it is empty, and delete would remove everything that is registered (expected at least one object)',
    );
  }
  const rehearsed = new Rehearsed();
  try {
    const { value, revision } = store.transaction((tx) => {
      const changes: TopologyChange[] = remove ? removeOthers(tx, wanted) : [];
      const made = new Set<string>();
      const writing = { tx, around: { ...around, applying: true as const } };
      for (const kind of kindsInOrder()) {
        const ofKind = wanted.filter((one) => one.kind === kind);
        for (const one of ofKind) {
          if (!('uuid' in one)) continue;
          const done = applyObject(writing, one);
          if (done.some(({ action }) => action === 'add')) made.add(one.uuid);
          changes.push(...done);
        }
        changes.push(
          ...applyLists(
            writing,
            ofKind.filter((one) => 'entries' in one),
            made,
          ),
        );
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
      empty(tx, kind, insertIn({ tx, around }, kind, given), given);
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
    empty(tx, kind, tx.byUuid(kind, uuid)! as RowOf<Kind>, given);
    return [{ action: 'change', object, fields }];
  });
}

/** Lists of one kind: what goes goes first, as what comes may stand where it was. */
function applyLists(writing: Writing, lists: readonly WantedList[], made: ReadonlySet<string>): TopologyChange[] {
  const compared = lists.map((list) =>
    naming(titleOf(list), () => compareList(writing.tx, list, made.has(list.parentUuid))),
  );
  const gone = compared.flatMap(({ list, parentId: _, gone }) =>
    gone.map((row): TopologyChange => {
      const object = `${titleOf(list)}: ${labelOf(list.kind, entryOf(writing.tx, list.kind, row))}`;
      endIn(writing.tx, list.kind, row);
      return { action: 'remove', object, fields: {} };
    }),
  );
  const come = compared.flatMap(({ list, parentId, missing }) =>
    missing.map((entry): TopologyChange => {
      naming(titleOf(list), () => addIn(writing, list.kind, entry, parentId));
      return { action: 'add', object: `${titleOf(list)}: ${labelOf(list.kind, entry)}`, fields: {} };
    }),
  );
  return [...gone, ...come];
}

function titleOf({ kind, parentUuid }: WantedList): string {
  return `${resourceOf(kind).nested!.name} of ${parentUuid}`;
}

interface Compared {
  readonly list: WantedList;
  readonly parentId: number;
  readonly gone: readonly RowOf<Kind>[];
  readonly missing: readonly Given[];
}

function compareList(tx: Transaction, list: WantedList, isNew: boolean): Compared {
  const { kind, parent, parentUuid, entries } = list;
  const parentId = objectInPath(tx, parent, parentUuid).id;
  const rows = below(tx, kind, parentId);
  const byHand = rows.filter((row) => isByHand(kind, row));
  const left = new Set(byHand);
  const missing: Given[] = [];
  for (const entry of entries.filter((one) => isAsked(kind, one))) {
    const isSame = (row: RowOf<Kind>): boolean =>
      Object.keys({ ...differences(tx, kind, row, entry), ...unsaid(kind, row, entry) }).length === 0;
    // What came along with a new object is not to stand before what was before it.
    const same = (isNew ? [...left].slice(0, missing.length === 0 ? 1 : 0) : [...left]).find(isSame);
    if (same) left.delete(same);
    // What a topology has made already does not have to be made by hand.
    else if (!rows.some((row) => !byHand.includes(row) && !isSettable(kind) && isSame(row))) missing.push(entry);
  }
  return { list, parentId, gone: [...left], missing };
}

function isSettable(kind: Kind): boolean {
  return resourceOf(kind).nested?.operations === 'set';
}

/** Whether an entry asks for anything: of what is there or not as its fields say, one has to be true. */
function isAsked(kind: Kind, entry: Given): boolean {
  if (!isSettable(kind)) return true;
  const flags = fieldsOf(resourceOf(kind)).filter(([, field]) => field.type === 'boolean');
  if (flags.every(([name]) => entry[name] == null)) throw new ApiError('missingArgument', flags[0]![0]);
  return flags.some(([name, field]) => field.schema.safeParse(entry[name]).data === true);
}

/** Fields of which an entry of a list says nothing, and that have a value which nobody would have found for them. */
function unsaid(kind: Kind, row: RowOf<Kind>, entry: Given): Json {
  const declared = resourceOf(kind);
  const said = inOurWords(declared, entry);
  const known = [declared.nested && parentField(declared.nested), ...(behaviourOf(kind).fills ?? [])];
  const found = fieldsOf(declared).filter(([name, field]) => {
    if (known.includes(name) || field.derived || (name in said && said[name] !== undefined)) return false;
    const stored = (row as unknown as Json)[columnOf(name, field)];
    return Boolean(stored) && stored !== field.default;
  });
  return Object.fromEntries(found);
}

function endIn(tx: Transaction, kind: Kind, row: RowOf<Kind>): void {
  if (!isSettable(kind) || !behaviourOf(kind).needed?.(tx, row)) {
    tx.remove(kind, row.id);
    return;
  }
  const flags = fieldsOf(resourceOf(kind)).filter(([, field]) => field.type === 'boolean');
  tx.update(kind, row.id, Object.fromEntries(flags.map(([name]) => [name, false])) as never);
}

function addIn({ tx, around }: Writing, kind: Kind, entry: Given, parentId: number): void {
  const parentName = parentField(resourceOf(kind).nested!);
  const parentColumn = { [parentName.replace(/_uuid$/, '_id')]: parentId };
  if (isSettable(kind)) {
    const fields = parametersOf(resourceOf(kind)).filter(([name]) => name !== parentName);
    const columns = resolveReferences(tx, fields, readParameters(parametersFor(fields, 'make'), entry));
    const other = columnOf(otherField(resourceOf(kind).nested!), { type: 'reference' });
    const [there] = tx.find(kind, { ...parentColumn, [other]: columns[other] } as object);
    if (there) tx.update(kind, there.id, columns as never);
    else tx.insert(kind, { ...parentColumn, ...columns } as never);
    return;
  }
  empty(tx, kind, insertIn({ tx, around }, kind, entry, { names: [parentName], find: () => parentColumn }), entry);
}

/** Takes the values away that were found for fields which are to have none. */
function empty(tx: Transaction, kind: Kind, row: RowOf<Kind>, given: Given): void {
  const filled = fieldsOf(resourceOf(kind)).filter(
    ([name, field]) =>
      given[name] === null && field.optional && (row as unknown as Json)[columnOf(name, field)] != null,
  );
  if (filled.length === 0) return;
  tx.update(kind, row.id, Object.fromEntries(filled.map(([name, field]) => [columnOf(name, field), null])) as never);
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
    const isEmptied = given[name] === null && own.has(name);
    if (!(name in values) && !isEmptied) continue;
    const wanted = isEmptied ? null : columns[columnOf(name, field as never)];
    const shown = parametersOf(declared).find(([known]) => known === name)![1];
    if (own.has(name)) {
      const stored = (row as unknown as Json)[columnOf(name, shown)] ?? null;
      // As they are shown: times are kept more exactly than anybody says them.
      const [from, to] = [parameterOf(tx, shown, stored), parameterOf(tx, shown, wanted)];
      if (stored !== wanted && from !== to) found[name] = { from, to };
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
  const name = entry.uuid ?? (nested?.with && entry[otherField(nested)]);
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
    throw new ApiError(error.kind, `${object}: ${error.message}${missing}`, { hint: error.hint, cause: error });
  }
}
