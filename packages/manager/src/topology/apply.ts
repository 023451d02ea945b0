import {
  ApiError,
  type Applied,
  fieldsOf,
  type Kind,
  kindsInOrder,
  parametersOf,
  parseIpv4,
  type RowOf,
  resourceOf,
  type TopologyChange,
} from '@openvnet/model';
import { type ChangedBy, type Numbers, Runs } from '@openvnet/store';
import { type Context, changeIn, type Writing } from '../api/resource-endpoints.ts';
import { applyLists } from './apply-lists.ts';
import { differences } from './differences.ts';
import { labelOf, nameOf, naming, titleOf } from './names.ts';
import { empty, insertAsGiven, type Progress } from './progress.ts';
import { removeOthers } from './remove-others.ts';
import { whatGoesWith } from './replace.ts';
import { isList, readTopology, type Wanted, type WantedObject } from './wanted.ts';

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
  { store, around }: Context,
  topology: unknown,
  { dryRun, remove, replace, by }: ApplyOptions,
): Promise<Applied & { revision: number }> {
  const wanted = readTopology(topology);
  if (remove && !dryRun && wanted.length === 0) {
    throw new ApiError('argument', 'topology: it is empty, so delete would remove every registered object', {
      hint: 'expected at least one object',
    });
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

async function applyObject(progress: Progress, one: WantedObject): Promise<TopologyChange[]> {
  const { tx, made, gone, replaces } = progress;
  const { kind, given, uuid } = one;
  const object = nameOf(one);
  return await naming(object, async () => {
    const row = await tx.byUuid(kind, uuid);
    if (!row) {
      await insertAsGiven(progress, kind, given);
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
          hint: 'To replace the object and the objects that refer to it, use: vnctl apply -f FILE --replace',
        });
      }
      await removeForAgain(progress, kind, row);
      await insertAsGiven(progress, kind, given);
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

/** The IPv4 addresses that a topology gives to somebody. */
function addressesIn(wanted: readonly Wanted[]): Numbers {
  const given = wanted.map((one) => ('uuid' in one ? one.given.ipv4_address : undefined));
  const addresses = given.map((text) => (typeof text === 'string' ? parseIpv4(text) : undefined));
  return new Runs(addresses.filter((address) => address !== undefined));
}
