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
} from '@openvnet/model';
import { type ChangedBy, type Numbers, Runs, type Transaction } from '@openvnet/store';
import type { Given, Json } from '../api/endpoint.ts';
import { inOurWords, objectInPath, parametersFor, readParameters, resolveReferences } from '../api/parameters.ts';
import { perKind } from '../api/per-kind.ts';
import { recordOf } from '../api/record.ts';
import { changeIn, insertIn, type Place, type Writing } from '../api/resource-endpoints.ts';
import { behaviourOf } from '../behaviours/registry.ts';
import { findInOrder, mapInOrder } from '../in-order.ts';
import { below, entryOf, isByHand, parameterOf } from './export.ts';
import { removeOthers } from './remove-others.ts';
import { whatGoesWith } from './replace.ts';
import { readTopology, refused, type Wanted } from './wanted.ts';

export interface ApplyOptions {
  /** Says what would change, and changes nothing. */
  readonly dryRun: boolean;
  /** Removes objects that the topology does not have. */
  readonly remove: boolean;
  /** Makes objects again, with what refers to them, of which a field differs that cannot be changed. */
  readonly replace: boolean;
  readonly by: ChangedBy;
}

/**
 * Makes what is registered as a topology says, in one transaction: all of it, or nothing where something is refused.
 * Objects that are there stay, with what they refer to; of lists that stand inside an object nothing else remains.
 */
export async function applyTopology(
  { store, around }: Place,
  topology: unknown,
  { dryRun, remove, replace, by }: ApplyOptions,
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
      const writing = { tx, around: { ...around, applying: true as const, reserved: addressesIn(wanted) } };
      // What a dry run shows is everything, also what has to be asked for.
      changes.push(...(await applyAll(writing, wanted, dryRun || replace)));
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

/** What happens while a topology is applied. */
interface Progress extends Writing {
  readonly replaces: boolean;
  readonly wanted: readonly Wanted[];
  /** What was made in this transaction. */
  readonly made: Set<string>;
  /** What went with objects that were made again, and the topology does not say itself. */
  readonly again: Wanted[];
  /** By the names under which changes are told: everything that went. */
  readonly gone: Set<string>;
}

async function applyAll(writing: Writing, wanted: readonly Wanted[], replaces: boolean): Promise<TopologyChange[]> {
  const changes: TopologyChange[] = [];
  const progress: Progress = { ...writing, replaces, wanted, made: new Set(), again: [], gone: new Set() };
  for (const kind of kindsInOrder()) {
    const ofKind = wanted.filter((one) => one.kind === kind);
    for (const one of ofKind) if ('uuid' in one) changes.push(...(await applyObject(progress, one)));
    // What goes with an object comes after it, in the order of kinds.
    const again = progress.again.filter((one) => one.kind === kind);
    for (const one of again) if ('uuid' in one) changes.push(...(await applyObject(progress, one)));
    changes.push(...(await applyLists(progress, ofKind.filter(isList))));
    const lists = await applyLists(progress, again.filter(isList));
    // What came along with objects that were made again, and was not there before, is no news.
    changes.push(...lists.filter(({ action }) => action !== 'remove'));
  }
  return changes;
}

type WantedObject = Extract<Wanted, { readonly uuid: string }>;
type WantedList = Extract<Wanted, { readonly entries: unknown }>;

function isList(one: Wanted): one is WantedList {
  return 'entries' in one;
}

/** As changes are told. */
function nameOf(one: Wanted): string {
  return isList(one) ? titleOf(one) : `${resourceOf(one.kind).plural} ${one.uuid}`;
}

async function applyObject(progress: Progress, one: WantedObject): Promise<TopologyChange[]> {
  const { tx, made, gone, replaces } = progress;
  const { kind, given, uuid } = one;
  const object = nameOf(one);
  return await naming(object, async () => {
    const row = await tx.byUuid(kind, uuid);
    if (!row) {
      await empty(tx, kind, await insertIn(progress, kind, given), given);
      made.add(uuid);
      return [{ action: gone.has(object) ? 'replace' : 'add', object, fields: {} }];
    }
    const fields = await differences(tx, kind, row, given);
    if (Object.keys(fields).length === 0) return [];
    const fixed = parametersOf(resourceOf(kind)).find(([name, field]) => {
      const own = fieldsOf(resourceOf(kind)).some(([known]) => known === name);
      return fields[name] && !(own && !field.immutable);
    });
    if (fixed) {
      const [name] = fixed;
      const { from, to } = fields[name]!;
      if (!replaces) {
        throw new ApiError('argument', `${name}: is ${from} and cannot be changed to ${to}`, {
          hint: 'To delete the object and make it again, with what refers to it, use: vnctl apply -f FILE --replace',
        });
      }
      await removeForAgain(progress, kind, row);
      await empty(tx, kind, await insertIn(progress, kind, given), given);
      made.add(uuid);
      return [{ action: 'replace', object, fields }];
    }
    await changeIn(tx, kind, uuid, Object.fromEntries(Object.keys(fields).map((name) => [name, fields[name]!.to])));
    await empty(tx, kind, (await tx.byUuid(kind, uuid))! as RowOf<Kind>, given);
    return [{ action: 'change', object, fields }];
  });
}

/** Removes an object, and notes what goes with it: of that, what the topology says itself is left to it. */
async function removeForAgain({ tx, wanted, again, gone }: Progress, kind: Kind, row: RowOf<Kind>): Promise<void> {
  const named = new Set(wanted.map(nameOf));
  const interfaces = new Map(
    wanted.flatMap((one) => (!isList(one) && one.kind === 'interface' ? [[one.uuid, one.given] as const] : [])),
  );
  const rest = await whatGoesWith(tx, { kind, row }, interfaces);
  for (const one of rest) {
    if (!named.has(nameOf(one))) again.push(one);
    const entries = isList(one) ? one.entries.map((entry) => `${titleOf(one)}: ${labelOf(one.kind, entry)}`) : [];
    for (const name of [nameOf(one), ...entries]) gone.add(name);
  }
  await tx.remove(kind, row.id);
}

/** Lists of one kind: what goes goes first, as what comes may stand where it was. */
async function applyLists(progress: Progress, lists: readonly WantedList[]): Promise<TopologyChange[]> {
  const { tx, made } = progress;
  const compared = await mapInOrder(
    lists,
    async (list) => await naming(titleOf(list), async () => await compareList(tx, list, made.has(list.parentUuid))),
  );
  const gone = (
    await mapInOrder(
      compared,
      async ({ list, parentId: _, gone }) =>
        await mapInOrder(gone, async (row): Promise<TopologyChange> => {
          const object = `${titleOf(list)}: ${labelOf(list.kind, await entryOf(tx, list.kind, row))}`;
          await endIn(tx, list.kind, row);
          return { action: 'remove', object, fields: {} };
        }),
    )
  ).flat();
  const come = (
    await mapInOrder(
      compared,
      async ({ list, parentId, missing }) =>
        await mapInOrder(missing, async (entry): Promise<TopologyChange> => {
          await naming(titleOf(list), async () => await addIn(progress, list.kind, entry, parentId));
          const object = `${titleOf(list)}: ${labelOf(list.kind, entry)}`;
          return { action: progress.gone.has(object) ? 'replace' : 'add', object, fields: {} };
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

/** The IPv4 addresses that a topology gives to somebody. */
function addressesIn(wanted: readonly Wanted[]): Numbers {
  const given = wanted.map((one) => ('uuid' in one ? one.given.ipv4_address : undefined));
  const addresses = given.map((text) => (typeof text === 'string' ? parseIpv4(text) : undefined));
  return new Runs(addresses.filter((address) => address !== undefined));
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
