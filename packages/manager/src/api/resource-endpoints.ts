import {
  ApiError,
  actionsOf,
  columnOf,
  type Field,
  fieldsOf,
  freshUuid,
  type Kind,
  parametersOf,
  type RowOf,
  removalOptionsOf,
  resourceOf,
} from '@openvnet/model';
import type { Reader, Store, Transaction } from '@openvnet/store';
import type { Surroundings } from '../behaviours/behaviour.ts';
import { behaviourOf } from '../behaviours/registry.ts';
import type { Reports } from '../status/reports.ts';
import type { Call, Endpoint, Given, Json, Parameter } from './endpoint.ts';
import { listParameters, wantedColumns } from './filters.ts';
import { pageOf, statusParameter, waitParameters } from './page.ts';
import {
  duplicateUuid,
  inOurWords,
  objectInPath,
  parametersFor,
  readOwnUuid,
  readParameters,
  requireUuid,
  resolveReferences,
  uuidParameter,
  type Values,
} from './parameters.ts';
import { perKind } from './per-kind.ts';
import { recordOf, recordsOf } from './record.ts';
import { refusing } from './refusal.ts';
import { removalOf, requireUnused } from './removal.ts';

/** Where operations are done, and what counts there. */
export interface Context {
  readonly store: Store;
  readonly around: Surroundings;
}

/** The operations of a resource of its own: list, make, show, change, remove, and whether it is in effect. */
export function resourceEndpoints(kind: Kind, context: Context, reports: Reports): Endpoint[] {
  const { store } = context;
  const { plural: group, doc, emptyChange } = resourceOf(kind);
  const what = kind.replaceAll('_', ' ');
  const changeable = changeParameters(kind);
  const removal = removalParameters(kind);
  const path = `/${group}`;
  const endpoints: Endpoint[] = [
    {
      method: 'GET',
      path,
      doc: `Lists every ${what}. ${doc}`,
      group,
      parameters: [...listParameters(kind), statusParameter],
      answer: { shape: 'list', kind },
      handle: async ({ given }) => {
        const page = pageOf(given);
        const { status = false } = readParameters([statusParameter], given);
        const { rows, ...list } = await store.read(async (reader) => {
          const where = (await wantedColumns(reader, kind, given)) as object;
          const rows = await reader.find(kind, where, page);
          return {
            rows,
            total_count: await reader.count(kind, where),
            ...page,
            items: await recordsOf(reader, kind, rows),
          };
        });
        if (!status) return list;
        const statuses = await reports.statusesOf(kind, rows);
        return { ...list, items: list.items.map((item, i) => ({ ...item, status: statuses[i] })) };
      },
    },
    {
      method: 'POST',
      path,
      doc: `Creates a ${what}.`,
      group,
      parameters: [...uuidParameter(resourceOf(kind)), ...makeParameters(kind)],
      alsoTakes: resourceOf(kind).obsolete ?? [],
      answer: { shape: 'record', kind },
      handle: async (call) => {
        const { record, revision } = await make(context, kind, call);
        call.wrote(revision);
        return record;
      },
    },
    {
      method: 'GET',
      path: `${path}/:uuid`,
      doc: `Shows a ${what}, and whether it is in effect.`,
      group,
      parameters: [],
      answer: { shape: 'record', kind },
      handle: async ({ path }) => {
        const { row, record } = await store.read(async (reader) => {
          const row = await objectInPath(reader, kind, path.uuid!);
          return { row, record: await recordOf(reader, kind, row) };
        });
        return { ...record, status: await reports.statusOf(kind, row) };
      },
    },
    {
      method: 'GET',
      path: `${path}/:uuid/status`,
      doc: `Shows whether a ${what} is in effect; with \`wait\`, waits until it is.`,
      group,
      parameters: waitParameters,
      answer: { shape: 'status' },
      handle: async ({ path, given, signal }) => {
        const { wait = 0, revision = 0 } = readParameters(waitParameters, given) as {
          wait?: number;
          revision?: number;
        };
        const { id } = await objectInPath(store, kind, path.uuid!);
        const status = await reports.waitFor({ kind, id, revision }, wait, signal);
        if (status) return status;
        await objectInPath(store, kind, path.uuid!);
        throw new ApiError('unknownUuid', `${resourceOf(kind).model}#uuid: ${path.uuid}`, {
          hint: 'It was deleted in the meantime.',
        });
      },
    },
    {
      method: 'DELETE',
      path: `${path}/:uuid`,
      doc: `Deletes a ${what} and the objects that refer to it.`,
      group,
      parameters: removal,
      answer: { shape: 'uuids' },
      handle: async (call) => {
        const options = readParameters(removal, call.given);
        const found = (reader: Reader): Promise<RowOf<Kind>> => objectInPath(reader, kind, call.path.uuid!);
        if (options.dry_run === true)
          return await store.read(async (reader) => removalOf(reader, kind, await found(reader)));
        const message = behaviourOf(kind).removed?.(options) ?? call.by.message;
        const { value, revision } = await store.transaction({ ...call.by, message }, async (tx) => {
          const row = await found(tx);
          if (options.cascade === false) requireUnused(kind, await removalOf(tx, kind, row));
          await tx.remove(kind, row.id);
          return [row.uuid];
        });
        call.wrote(revision);
        return value;
      },
    },
  ];
  if (changeable.length > 0 || emptyChange) {
    endpoints.push({
      method: 'PUT',
      path: `${path}/:uuid`,
      doc: `Changes a ${what}. Parameters that are not given stay.`,
      group,
      parameters: changeable,
      alsoTakes: resourceOf(kind).obsolete ?? [],
      answer: { shape: 'record', kind },
      handle: async (call) => {
        const { record, revision } = await change(store, kind, call);
        call.wrote(revision);
        return record;
      },
    });
  }
  return [...endpoints, ...actionEndpoints(kind, context)];
}

/** What a request that removes one may hold. */
function removalParameters(kind: Kind): Parameter[] {
  return removalOptionsOf(resourceOf(kind)).map(([name, field]) => ({ name, field, required: false }));
}

/** The declared actions, which their behaviour carries out. */
function actionEndpoints(kind: Kind, { store, around }: Context): Endpoint[] {
  const declared = resourceOf(kind);
  return Object.entries(actionsOf(declared)).map(([name, { method, doc, parameters: fields, needsOne, answers }]) => {
    const named = Object.entries(fields as Record<string, Field>);
    const parameters = parametersFor(named, 'make');
    return {
      method,
      path: `/${declared.plural}/:uuid/${name}`,
      doc,
      group: declared.plural,
      parameters,
      answer: { shape: 'record', kind: answers as Kind },
      handle: async (call) => {
        const read = readParameters(parameters, inOurWords({ ...declared, fields }, call.given));
        const { value, revision } = await store.transaction(call.by, async (tx) => {
          const row = await objectInPath(tx, kind, call.path.uuid!);
          if (needsOne && Object.keys(read).length === 0) throw new ApiError('missingArgument', named[0]![0]);
          const given = await resolveReferences(tx, named, read);
          return await refusing(tx, () =>
            name === 'rename'
              ? rename(tx, kind, row, given)
              : behaviourOf(kind).actions![name]!(tx, row, given, around),
          );
        });
        call.wrote(revision);
        return value;
      },
    };
  });
}

/** Gives an object another uuid. References are by id, so that nothing else changes. */
async function rename(tx: Transaction, kind: Kind, row: RowOf<Kind>, { new_uuid }: Given): Promise<Json> {
  const uuid = requireUuid(kind, String(new_uuid), 'new_uuid');
  if (uuid !== row.uuid && (await tx.byUuid(kind, uuid))) throw new ApiError('duplicateUuid', uuid);
  return await recordOf(tx, kind, await tx.update(kind, row.id, { uuid } as never));
}

/** The parameters of a request that makes an object; `inPath` are those that the path holds instead. */
export function makeParameters(kind: Kind, inPath: readonly string[] = []): readonly Parameter[] {
  const all = allToMake(kind);
  return inPath.length === 0 ? all : all.filter(({ name }) => !inPath.includes(name));
}

const allToMake = perKind((kind) => parametersFor(parametersOf(resourceOf(kind)), 'make'));

/** What a path names beside what is given: names of parameters that it stands for, and their columns. */
export interface InPath {
  readonly names: readonly string[];
  readonly find: (tx: Transaction) => Promise<Values>;
}

/** Makes an object, in a transaction of its own. */
export async function make(
  { store, around }: Context,
  kind: Kind,
  { given, by }: Call,
  inPath?: InPath,
): Promise<{ record: Json; revision: number }> {
  const { value, revision } = await store.transaction(by, (tx) => makeIn({ tx, around }, kind, given, inPath));
  return { record: value, revision };
}

/** A transaction, and what counts where it is done. */
export interface Writing {
  readonly tx: Transaction;
  readonly around: Surroundings;
}

/**
 * Makes an object of what a request gave: parameters, then references, then the uuid, then the rules of its kind.
 * `inPath` finds the objects that the path names, as columns.
 */
export async function makeIn(writing: Writing, kind: Kind, given: Given, inPath?: InPath): Promise<Json> {
  return await recordOf(writing.tx, kind, await insertIn(writing, kind, given, inPath));
}

/** As `makeIn`; gives the row. */
export async function insertIn(
  { tx, around }: Writing,
  kind: Kind,
  given: Given,
  inPath: InPath = { names: [], find: async () => ({}) },
): Promise<RowOf<Kind>> {
  const declared = resourceOf(kind);
  const inWords = inOurWords(declared, given);
  const uuid = readOwnUuid(declared, inWords);
  if (uuid === undefined && declared.uuidRequired) throw new ApiError('missingArgument', 'uuid');
  const read = readParameters(makeParameters(kind, inPath.names), inWords);
  const columns = { ...(await inPath.find(tx)), ...(await resolveReferences(tx, parametersOf(declared), read)) };
  if (uuid !== undefined && (await tx.byUuid(kind, uuid))) throw duplicateUuid(kind, uuid);
  const { values, more } = parted(kind, columns);
  const named = declared.idPrefix
    ? { ...values, uuid: uuid ?? (await unusedUuid(tx, kind, declared.idPrefix)) }
    : values;
  const { complete, created } = behaviourOf(kind);
  return await refusing(tx, async () => {
    const row = await tx.insert(kind, ((await complete?.(tx, named as never, more, around)) ?? named) as never);
    await created?.(tx, row, more, around);
    return (await tx.get(kind, row.id))! as RowOf<Kind>;
  });
}

async function change(
  store: Store,
  kind: Kind,
  { path, given, by }: Call,
): Promise<{ record: Json; revision: number }> {
  const { value, revision } = await store.transaction(by, (tx) => changeIn(tx, kind, path.uuid!, given));
  return { record: value, revision };
}

/** Changes an object to what a request gave; what is not given stays. */
export async function changeIn(tx: Transaction, kind: Kind, uuid: string, given: Given): Promise<Json> {
  const declared = resourceOf(kind);
  const read = readParameters(changeParameters(kind), inOurWords(declared, given));
  const { id } = await objectInPath(tx, kind, uuid);
  const { values, more } = parted(kind, await resolveReferences(tx, parametersOf(declared), read));
  return await refusing(tx, async () => {
    const row: RowOf<Kind> = await tx.update(kind, id, values as never);
    await behaviourOf(kind).changed?.(tx, row, more);
    return await recordOf(tx, kind, (await tx.get(kind, id))!);
  });
}

/** What a request that changes an object may hold: fields that are not fixed, and what its behaviour takes besides. */
const changeParameters = perKind((kind): readonly Parameter[] => {
  const declared = resourceOf(kind);
  const { changes = [] } = declared;
  const own = new Set(fieldsOf(declared).map(([name]) => name));
  const open = parametersOf(declared).filter(([name, field]) =>
    own.has(name) ? field.immutable !== true : changes.includes(name),
  );
  return parametersFor(open, 'change').map((one) =>
    own.has(one.name) || one.field.to ? { ...one, takesNull: one.field.optional } : one,
  );
});

/** Its own columns, and what the request held besides. */
function parted(kind: Kind, columns: Values): { values: Values; more: Values } {
  const own = ownColumns(kind);
  const [values, more]: [Values, Values] = [{}, {}];
  for (const [name, value] of Object.entries(columns)) (own.has(name) ? values : more)[name] = value;
  return { values, more };
}

const ownColumns = perKind((kind) => new Set(fieldsOf(resourceOf(kind)).map(([name, field]) => columnOf(name, field))));

export async function unusedUuid(reader: Reader, kind: Kind, prefix: string): Promise<string> {
  for (;;) {
    const uuid = freshUuid(prefix);
    if (!(await reader.byUuid(kind, uuid))) return uuid;
  }
}
