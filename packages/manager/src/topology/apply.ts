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
  parseIpv4,
  type RowOf,
  resourceOf,
  type TopologyChange,
  topKinds,
} from '@openvnet/model';
import type { ChangedBy, Transaction } from '@openvnet/store';
import type { Given } from '../api/endpoint.ts';
import { inOurWords, objectInPath, parametersFor, readParameters, resolveReferences } from '../api/parameters.ts';
import { perKind } from '../api/per-kind.ts';
import { type Json, recordOf } from '../api/record.ts';
import { changeIn, insertIn, type Place, type Writing } from '../api/resource-endpoints.ts';
import { behaviourOf } from '../behaviours/registry.ts';
import { findInOrder, mapInOrder } from '../in-order.ts';
import { below, entryOf, isByHand, parameterOf } from './export.ts';
import { readTopology, refused, type Wanted } from './wanted.ts';

export interface ApplyOptions {
  /** Says what would change, and changes nothing. */
  readonly dryRun: boolean;
  /** Removes objects that the topology does not have. */
  readonly remove: boolean;
  readonly by: ChangedBy;
}

/**
 * Makes what is registered as a topology says, in one transaction: all of it, or nothing where something is refused.
 * Objects that are there stay, with what they refer to; of lists that stand inside an object nothing else remains.
 */
export async function applyTopology(
  { store, around }: Place,
  topology: unknown,
  { dryRun, remove, by }: ApplyOptions,
): Promise<Applied & { revision: number }> {
  const wanted = readTopology(topology);
  if (remove && !dryRun && wanted.length === 0) {
    throw refused(
      'topology',
      'it is empty, and delete would remove everything that is registered (expected at least one object)',
    );
  }
  const rehearsed = new Rehearsed();
  try {
    const { value, revision } = await store.transaction(by, async (tx) => {
      const changes: TopologyChange[] = remove ? await removeOthers(tx, wanted) : [];
      const made = new Set<string>();
      const writing = { tx, around: { ...around, applying: true as const, reserved: addressesIn(wanted) } };
      for (const kind of kindsInOrder()) {
        const ofKind = wanted.filter((one) => one.kind === kind);
        for (const one of ofKind) {
          if (!('uuid' in one)) continue;
          const done = await applyObject(writing, one);
          if (done.some(({ action }) => action === 'add')) made.add(one.uuid);
          changes.push(...done);
        }
        changes.push(
          ...(await applyLists(
            writing,
            ofKind.filter((one) => 'entries' in one),
            made,
          )),
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

async function applyObject({ tx, around }: Writing, { kind, given, uuid }: WantedObject): Promise<TopologyChange[]> {
  const object = `${resourceOf(kind).plural} ${uuid}`;
  return await naming(object, async () => {
    const row = await tx.byUuid(kind, uuid);
    if (!row) {
      await empty(tx, kind, await insertIn({ tx, around }, kind, given), given);
      return [{ action: 'add', object, fields: {} }];
    }
    const fields = await differences(tx, kind, row, given);
    if (Object.keys(fields).length === 0) return [];
    for (const [name, field] of parametersOf(resourceOf(kind))) {
      const own = fieldsOf(resourceOf(kind)).some(([known]) => known === name);
      if (!fields[name] || (own && !field.immutable)) continue;
      const { from, to } = fields[name];
      throw refused(name, `is ${from} and cannot be changed to ${to}; remove the object first`);
    }
    await changeIn(tx, kind, uuid, Object.fromEntries(Object.keys(fields).map((name) => [name, fields[name]!.to])));
    await empty(tx, kind, (await tx.byUuid(kind, uuid))! as RowOf<Kind>, given);
    return [{ action: 'change', object, fields }];
  });
}

/** Lists of one kind: what goes goes first, as what comes may stand where it was. */
async function applyLists(
  writing: Writing,
  lists: readonly WantedList[],
  made: ReadonlySet<string>,
): Promise<TopologyChange[]> {
  const compared = await mapInOrder(
    lists,
    async (list) =>
      await naming(titleOf(list), async () => await compareList(writing.tx, list, made.has(list.parentUuid))),
  );
  const gone = (
    await mapInOrder(
      compared,
      async ({ list, parentId: _, gone }) =>
        await mapInOrder(gone, async (row): Promise<TopologyChange> => {
          const object = `${titleOf(list)}: ${labelOf(list.kind, await entryOf(writing.tx, list.kind, row))}`;
          await endIn(writing.tx, list.kind, row);
          return { action: 'remove', object, fields: {} };
        }),
    )
  ).flat();
  const come = (
    await mapInOrder(
      compared,
      async ({ list, parentId, missing }) =>
        await mapInOrder(missing, async (entry): Promise<TopologyChange> => {
          await naming(titleOf(list), async () => await addIn(writing, list.kind, entry, parentId));
          return { action: 'add', object: `${titleOf(list)}: ${labelOf(list.kind, entry)}`, fields: {} };
        }),
    )
  ).flat();
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

async function compareList(tx: Transaction, list: WantedList, isNew: boolean): Promise<Compared> {
  const { kind, parent, parentUuid, entries } = list;
  const parentId = (await objectInPath(tx, parent, parentUuid)).id;
  const rows = await below(tx, kind, parentId);
  const byHand = rows.filter((row) => isByHand(kind, row));
  const left = new Set(byHand);
  const missing: Given[] = [];
  for (const entry of entries.filter((one) => isAsked(kind, one))) {
    const isSame = async (row: RowOf<Kind>): Promise<boolean> =>
      Object.keys({ ...(await differences(tx, kind, row, entry)), ...unsaid(kind, row, entry) }).length === 0;
    // What came along with a new object is not to stand before what was before it.
    const same = await findInOrder(isNew ? [...left].slice(0, missing.length === 0 ? 1 : 0) : left, isSame);
    // What a topology has made already does not have to be made by hand.
    const madeAlready = isSettable(kind) ? [] : rows.filter((row) => !byHand.includes(row));
    if (same) left.delete(same);
    else if (!(await findInOrder(madeAlready, isSame))) missing.push(entry);
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
  return flags.some(([name, field]) => field.read(entry[name]) === true);
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

async function endIn(tx: Transaction, kind: Kind, row: RowOf<Kind>): Promise<void> {
  if (!isSettable(kind) || !(await behaviourOf(kind).needed?.(tx, row))) {
    await tx.remove(kind, row.id);
    return;
  }
  const flags = fieldsOf(resourceOf(kind)).filter(([, field]) => field.type === 'boolean');
  await tx.update(kind, row.id, Object.fromEntries(flags.map(([name]) => [name, false])) as never);
}

async function addIn({ tx, around }: Writing, kind: Kind, entry: Given, parentId: number): Promise<void> {
  const parentName = parentField(resourceOf(kind).nested!);
  const parentColumn = { [parentName.replace(/_uuid$/, '_id')]: parentId };
  if (isSettable(kind)) {
    const fields = parametersOf(resourceOf(kind)).filter(([name]) => name !== parentName);
    const columns = await resolveReferences(tx, fields, readParameters(parametersFor(fields, 'make'), entry));
    const other = columnOf(otherField(resourceOf(kind).nested!), { type: 'reference' });
    const [there] = await tx.find(kind, { ...parentColumn, [other]: columns[other] } as object);
    if (there) await tx.update(kind, there.id, columns as never);
    else await tx.insert(kind, { ...parentColumn, ...columns } as never);
    return;
  }
  await empty(
    tx,
    kind,
    await insertIn({ tx, around }, kind, entry, { names: [parentName], find: async () => parentColumn }),
    entry,
  );
}

/** Takes the values away that were found for fields which are to have none. */
async function empty(tx: Transaction, kind: Kind, row: RowOf<Kind>, given: Given): Promise<void> {
  const filled = fieldsOf(resourceOf(kind)).filter(
    ([name, field]) =>
      given[name] === null && field.optional && (row as unknown as Json)[columnOf(name, field)] != null,
  );
  if (filled.length === 0) return;
  await tx.update(
    kind,
    row.id,
    Object.fromEntries(filled.map(([name, field]) => [columnOf(name, field), null])) as never,
  );
}

/** Parameters that are not as wanted. Those that answers do not show are taken as equal. */
async function differences(
  tx: Transaction,
  kind: Kind,
  row: RowOf<Kind>,
  given: Given,
): Promise<TopologyChange['fields']> {
  const declared = resourceOf(kind);
  const parameters = comparedParameters(kind);
  const values = readParameters(parameters, inOurWords(declared, given));
  const columns = await resolveReferences(tx, parametersOf(declared), values);
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
      if (stored === wanted) continue;
      // As they are shown: times are kept more exactly than anybody says them.
      const [from, to] = [await parameterOf(tx, shown, stored), await parameterOf(tx, shown, wanted)];
      if (from !== to) found[name] = { from, to };
      continue;
    }
    record ??= await recordOf(tx, kind, row);
    if (record[name] === undefined) continue;
    const to = await parameterOf(tx, shown, wanted);
    if (record[name] !== to) found[name] = { from: record[name], to };
  }
  return found;
}

const comparedParameters = perKind((kind) => parametersFor(parametersOf(resourceOf(kind)), 'change'));

/** Removes what a topology does not have, but for leases that were made along with an interface that it has. */
async function removeOthers(tx: Transaction, wanted: readonly Wanted[]): Promise<TopologyChange[]> {
  const named = new Set(wanted.flatMap((one) => ('uuid' in one ? [one.uuid] : [])));
  const along = new Map(
    wanted.flatMap((one) => ('uuid' in one && one.kind === 'interface' ? [[one.uuid, one.given] as const] : [])),
  );
  const kept = async (kind: Kind, row: RowOf<Kind>): Promise<boolean> => {
    if (kind !== 'mac_lease' && kind !== 'ip_lease') return false;
    const lease = row as RowOf<'mac_lease'> & RowOf<'ip_lease'>;
    const holder = lease.interface_id === null ? undefined : await tx.get('interface', lease.interface_id);
    const given = holder && along.get(holder.uuid);
    const name = kind === 'mac_lease' ? 'mac_address' : 'ipv4_address';
    if (!given) return false;
    if (given[name] === undefined) {
      // It was drawn for the interface.
      const [first] = await tx.find(kind, { interface_id: lease.interface_id }, { limit: 1 });
      return given.network_uuid !== undefined && first?.id === lease.id;
    }
    const field = fieldsOf(resourceOf(kind)).find(([known]) => known === name)![1];
    return field.read(given[name]) === lease[name];
  };
  const changes: TopologyChange[] = [];
  // What refers to others goes first, so that everything that goes is named.
  for (const kind of kindsInOrder()
    .reverse()
    .filter((one) => topKinds.includes(one))) {
    for (const row of await tx.find(kind, {})) {
      if (named.has(row.uuid) || (await kept(kind, row)) || !(await tx.remove(kind, row.id))) continue;
      changes.push({ action: 'remove', object: `${resourceOf(kind).plural} ${row.uuid}`, fields: {} });
    }
  }
  return changes;
}

/** The IPv4 addresses that a topology gives to somebody. */
function addressesIn(wanted: readonly Wanted[]): Set<number> {
  const given = wanted.map((one) => ('uuid' in one ? one.given.ipv4_address : undefined));
  const addresses = given.map((text) => (typeof text === 'string' ? parseIpv4(text) : undefined));
  return new Set(addresses.filter((address) => address !== undefined));
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
async function naming<T>(object: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    const missing = error.kind === 'missingArgument' ? ' is missing' : '';
    throw new ApiError(error.kind, `${object}: ${error.message}${missing}`, { hint: error.hint, cause: error });
  }
}
