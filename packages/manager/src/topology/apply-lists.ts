/** Lists that stand inside an object of a topology: its children, and its relations to other objects. */
import {
  ApiError,
  columnOf,
  fieldsOf,
  type Kind,
  otherField,
  parametersOf,
  parentField,
  type RowOf,
  resourceOf,
  type TopologyChange,
} from '@openvnet/model';
import type { Transaction } from '@openvnet/store';
import type { Given, Json } from '../api/endpoint.ts';
import { inOurWords, objectInPath, parametersFor, readParameters, resolveReferences } from '../api/parameters.ts';
import type { Writing } from '../api/resource-endpoints.ts';
import { behaviourOf } from '../behaviours/registry.ts';
import { findInOrder, mapInOrder } from '../in-order.ts';
import { differences } from './differences.ts';
import { below, entryOf, isByHand } from './export.ts';
import { labelOf, naming, titleOf } from './names.ts';
import { insertAsGiven, type Progress } from './progress.ts';
import type { WantedList } from './wanted.ts';

/** Lists of one kind: what goes goes first, as what comes may stand where it was. */
export async function applyLists(progress: Progress, lists: readonly WantedList[]): Promise<TopologyChange[]> {
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
          await removeEntry(tx, list.kind, row);
          return { action: 'remove', object, fields: {} };
        }),
    )
  ).flat();
  const come = (
    await mapInOrder(
      compared,
      async ({ list, parentId, missing }) =>
        await mapInOrder(missing, async (entry): Promise<TopologyChange> => {
          await naming(titleOf(list), async () => await addEntry(progress, list.kind, entry, parentId));
          const object = `${titleOf(list)}: ${labelOf(list.kind, entry)}`;
          return { action: progress.gone.has(object) ? 'replace' : 'add', object, fields: {} };
        }),
    )
  ).flat();
  return [...gone, ...come];
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

/** What an entry of a settable list may ask for. */
function flagsOf(kind: Kind) {
  return fieldsOf(resourceOf(kind)).filter(([, field]) => field.type === 'boolean');
}

/** Whether an entry asks for anything: of what is there or not as its fields say, one has to be true. */
function isAsked(kind: Kind, entry: Given): boolean {
  if (!isSettable(kind)) return true;
  const flags = flagsOf(kind);
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

async function removeEntry(tx: Transaction, kind: Kind, row: RowOf<Kind>): Promise<void> {
  if (!isSettable(kind) || !(await behaviourOf(kind).needed?.(tx, row))) {
    await tx.remove(kind, row.id);
    return;
  }
  await tx.update(kind, row.id, Object.fromEntries(flagsOf(kind).map(([name]) => [name, false])) as never);
}

async function addEntry(writing: Writing, kind: Kind, entry: Given, parentId: number): Promise<void> {
  const { tx } = writing;
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
  await insertAsGiven(writing, kind, entry, { names: [parentName], find: async () => parentColumn });
}
