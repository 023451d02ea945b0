import {
  ApiError,
  columnOf,
  type Field,
  fieldsOf,
  freshUuid,
  type Kind,
  parametersOf,
  type RowOf,
  resourceOf,
} from '@openvnet/model';
import type { Reader, Store, Transaction } from '@openvnet/store';
import type { Surroundings } from '../behaviours/behaviour.ts';
import { behaviourOf } from '../behaviours/index.ts';
import type { Reports } from '../status/reports.ts';
import type { Endpoint, Given } from './endpoint.ts';
import { pageOf, pageParameters, waitParameters } from './page.ts';
import {
  inOurWords,
  objectInPath,
  parametersFor,
  readOwnUuid,
  readParameters,
  resolveReferences,
  type Values,
} from './parameters.ts';
import { type Json, recordOf, recordsOf } from './record.ts';
import { refusing } from './refusal.ts';

/** Where operations are done, and what counts there. */
export interface Place {
  readonly store: Store;
  readonly around: Surroundings;
}

/** The operations of a resource of its own: list, make, show, change, remove, and whether it is in effect. */
export function resourceEndpoints(kind: Kind, place: Place, reports: Reports): Endpoint[] {
  const { store } = place;
  const { plural: group, doc, emptyChange } = resourceOf(kind);
  const what = kind.replaceAll('_', ' ');
  const changeable = changeParameters(kind);
  const path = `/${group}`;
  const endpoints: Endpoint[] = [
    {
      method: 'GET',
      path,
      doc: `Lists every ${what}. ${doc}`,
      group,
      parameters: pageParameters,
      answer: { shape: 'list', kind },
      handle: ({ given }) => {
        const page = pageOf(given);
        return { total_count: store.count(kind), ...page, items: recordsOf(store, kind, store.find(kind, {}, page)) };
      },
    },
    {
      method: 'POST',
      path,
      doc: `Makes a ${what}.`,
      group,
      parameters: makeParameters(kind),
      answer: { shape: 'record', kind },
      handle: (call) => {
        const { record, revision } = make(place, kind, call.given);
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
        const row = objectInPath(store, kind, path.uuid!);
        return { ...recordOf(store, kind, row), status: await reports.statusOf(kind, row) };
      },
    },
    {
      method: 'GET',
      path: `${path}/:uuid/status`,
      doc: `Whether a ${what} is in effect; waits until it is where asked to.`,
      group,
      parameters: waitParameters,
      answer: { shape: 'status' },
      handle: ({ path, given, signal }) => {
        const { wait = 0, revision = 0 } = readParameters(waitParameters, given) as {
          wait?: number;
          revision?: number;
        };
        const { id } = objectInPath(store, kind, path.uuid!);
        return reports.waitFor({ kind, id, revision }, wait, signal).then((status) => {
          if (status) return status;
          objectInPath(store, kind, path.uuid!);
          throw new ApiError('unknownUuid', `${resourceOf(kind).model}#uuid: ${path.uuid}`, {
            hint: 'It was removed meanwhile.',
          });
        });
      },
    },
    {
      method: 'DELETE',
      path: `${path}/:uuid`,
      doc: `Removes a ${what}, and what refers to it.`,
      group,
      parameters: [],
      answer: { shape: 'uuids' },
      handle: (call) => {
        const { value, revision } = store.transaction((tx) => {
          const { id, uuid } = objectInPath(tx, kind, call.path.uuid!);
          tx.remove(kind, id);
          return [uuid];
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
      doc: `Changes a ${what}; what is not given stays.`,
      group,
      parameters: changeable,
      answer: { shape: 'record', kind },
      handle: (call) => {
        const { record, revision } = change(store, kind, call.path.uuid!, call.given);
        call.wrote(revision);
        return record;
      },
    });
  }
  return [...endpoints, ...actionEndpoints(kind, place)];
}

/** The declared actions, which their behaviour carries out. */
function actionEndpoints(kind: Kind, { store, around }: Place): Endpoint[] {
  const declared = resourceOf(kind);
  return Object.entries(declared.actions ?? {}).map(
    ([name, { method, doc, parameters: fields, needsOne, answers }]) => {
      const named = Object.entries(fields as Record<string, Field>);
      const parameters = parametersFor(named, 'make');
      return {
        method,
        path: `/${declared.plural}/:uuid/${name}`,
        doc,
        group: declared.plural,
        parameters,
        answer: { shape: 'record', kind: answers as Kind },
        handle: (call) => {
          const read = readParameters(parameters, inOurWords({ ...declared, fields }, call.given));
          const { value, revision } = store.transaction((tx) => {
            const row = objectInPath(tx, kind, call.path.uuid!);
            if (needsOne && Object.keys(read).length === 0) throw new ApiError('missingArgument', named[0]![0]);
            const given = resolveReferences(tx, named, read);
            return refusing(tx, () => behaviourOf(kind).actions![name]!(tx, row, given, around));
          });
          call.wrote(revision);
          return value;
        },
      };
    },
  );
}

/** The parameters of a request that makes an object; `inPath` are those that the path holds instead. */
export function makeParameters(kind: Kind, inPath: readonly string[] = []) {
  return parametersFor(
    parametersOf(resourceOf(kind)).filter(([name]) => !inPath.includes(name)),
    'make',
  );
}

/** What a path names beside what is given: names of parameters that it stands for, and their columns. */
export interface InPath {
  readonly names: readonly string[];
  readonly find: (tx: Transaction) => Values;
}

/** Makes an object, in a transaction of its own. */
export function make(
  { store, around }: Place,
  kind: Kind,
  given: Given,
  inPath?: InPath,
): { record: Json; revision: number } {
  const { value, revision } = store.transaction((tx) => makeIn({ tx, around }, kind, given, inPath));
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
export function makeIn(writing: Writing, kind: Kind, given: Given, inPath?: InPath): Json {
  return recordOf(writing.tx, kind, insertIn(writing, kind, given, inPath));
}

/** As `makeIn`; gives the row. */
export function insertIn(
  { tx, around }: Writing,
  kind: Kind,
  given: Given,
  inPath: InPath = { names: [], find: () => ({}) },
): RowOf<Kind> {
  const declared = resourceOf(kind);
  const inWords = inOurWords(declared, given);
  const uuid = readOwnUuid(declared, inWords);
  if (uuid === undefined && declared.uuidRequired) throw new ApiError('missingArgument', 'uuid');
  const read = readParameters(makeParameters(kind, inPath.names), inWords);
  const columns = { ...inPath.find(tx), ...resolveReferences(tx, parametersOf(declared), read) };
  if (uuid !== undefined && tx.byUuid(kind, uuid)) throw new ApiError('duplicateUuid', uuid);
  const { values, more } = parted(kind, columns);
  const named = declared.idPrefix ? { ...values, uuid: uuid ?? unusedUuid(tx, kind, declared.idPrefix) } : values;
  const { complete, created } = behaviourOf(kind);
  return refusing(tx, () => {
    const row = tx.insert(kind, (complete?.(tx, named as never, more, around) ?? named) as never);
    created?.(tx, row, more, around);
    return tx.get(kind, row.id)! as RowOf<Kind>;
  });
}

function change(store: Store, kind: Kind, uuid: string, given: Given): { record: Json; revision: number } {
  const { value, revision } = store.transaction((tx) => changeIn(tx, kind, uuid, given));
  return { record: value, revision };
}

/** Changes an object to what a request gave; what is not given stays. */
export function changeIn(tx: Transaction, kind: Kind, uuid: string, given: Given): Json {
  const declared = resourceOf(kind);
  const read = readParameters(changeParameters(kind), inOurWords(declared, given));
  const { id } = objectInPath(tx, kind, uuid);
  const { values, more } = parted(kind, resolveReferences(tx, parametersOf(declared), read));
  return refusing(tx, () => {
    const row: RowOf<Kind> = tx.update(kind, id, values as never);
    behaviourOf(kind).changed?.(tx, row, more);
    return recordOf(tx, kind, tx.get(kind, id)!);
  });
}

/** What a request that changes an object may hold: fields that are not fixed, and what its behaviour takes besides. */
function changeParameters(kind: Kind) {
  const declared = resourceOf(kind);
  const { changes = [] } = declared;
  const own = new Set(fieldsOf(declared).map(([name]) => name));
  const open = parametersOf(declared).filter(([name, field]) =>
    own.has(name) ? field.immutable !== true : changes.includes(name),
  );
  return parametersFor(open, 'change');
}

/** Its own columns, and what the request held besides. */
function parted(kind: Kind, columns: Values): { values: Values; more: Values } {
  const own = new Set(fieldsOf(resourceOf(kind)).map(([name, field]) => columnOf(name, field)));
  const [values, more]: [Values, Values] = [{}, {}];
  for (const [name, value] of Object.entries(columns)) (own.has(name) ? values : more)[name] = value;
  return { values, more };
}

export function unusedUuid(reader: Reader, kind: Kind, prefix: string): string {
  for (;;) {
    const uuid = freshUuid(prefix);
    if (!reader.byUuid(kind, uuid)) return uuid;
  }
}
