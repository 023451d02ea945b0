import {
  ApiError,
  fieldsOf,
  type Kind,
  type Nested,
  otherField,
  parentField,
  type RowOf,
  removalParametersOf,
  resourceOf,
  timeToText,
} from '@openvnet/model';
import type { Reader, Transaction } from '@openvnet/store';
import { behaviourOf } from '../behaviours/index.ts';
import type { Answer, Call, Endpoint } from './endpoint.ts';
import { pageOf, pageParameters } from './page.ts';
import {
  inOurWords,
  objectInPath,
  parametersFor,
  readParameters,
  resolveReferences,
  type Values,
} from './parameters.ts';
import { byId, type Json, recordOf, recordsOf } from './record.ts';
import { make, makeParameters, type Place } from './resource-endpoints.ts';

/** The operations of a resource that hangs below another: a relation of two, a child with a uuid, or one without. */
export function nestedEndpoints(kind: Kind, nested: Nested, { store, around }: Place): Endpoint[] {
  const parent = nested.of as Kind;
  const { plural: group } = resourceOf(parent);
  const path = `/${group}/:uuid/${nested.name}`;
  const parentName = parentField(nested);
  const parentColumn = parentName.replace(/_uuid$/, '_id');
  const where: Where = { kind, nested, parent, parentName, parentColumn, path, group, store, around };
  if (nested.with) return relation(where, nested.with as Kind);
  if (nested.operations === 'list') return [list(where)];
  return resourceOf(kind).idPrefix ? childWithUuid(where) : childWithoutUuid(where);
}

interface Where extends Place {
  readonly kind: Kind;
  readonly nested: Nested;
  readonly parent: Kind;
  readonly parentName: string;
  readonly parentColumn: string;
  readonly path: string;
  readonly group: string;
}

/** `/datapaths/:uuid/networks/:network_uuid`. */
function relation(place: Where, other: Kind): Endpoint[] {
  const { kind, nested, path } = place;
  const otherName = otherField(nested);
  const both: Both = { ...place, other, otherName, otherColumn: otherName.replace(/_uuid$/, '_id') };
  const listing = nested.lists === 'relations' ? list(place) : listOthers(both);
  if (nested.operations === 'list') return [listing];
  const onePath = `${path}/:${otherName}`;
  if (nested.operations === 'set') return [listing, set(both, onePath)];
  return [listing, relate(both, onePath), end(both, onePath)];

  function listOthers({ store, parent, parentColumn, otherColumn, group }: Both): Endpoint {
    return {
      method: 'GET',
      path,
      doc: `Lists what is related. ${resourceOf(kind).doc}`,
      group,
      parameters: pageParameters,
      answer: { shape: 'list', kind: other },
      handle: (call) => {
        const page = pageOf(call.given);
        const where = { [parentColumn]: objectInPath(store, parent, call.path.uuid!).id };
        const ids = store.find(kind, where, page).map((row) => idIn(row, otherColumn));
        const found = byId(store, other, ids);
        const items = recordsOf(
          store,
          other,
          ids.map((id) => found.get(id)!),
        );
        return { total_count: store.count(kind, where), ...page, items };
      },
    };
  }
}

interface Both extends Where {
  readonly other: Kind;
  readonly otherName: string;
  readonly otherColumn: string;
}

/** What finds the objects that a path names; the other comes first, as in the original. */
function inPath({ parent, parentColumn, other, otherName, otherColumn }: Both, path: Call['path']) {
  return (reader: Reader) => {
    const second = objectInPath(reader, other, path[otherName]!, otherName);
    const first = objectInPath(reader, parent, path.uuid!);
    return { first, second, columns: { [otherColumn]: second.id, [parentColumn]: first.id } };
  };
}

/** What making and ending a relation answers, where it is one of the two objects. */
function answered({ nested, other }: Both, reader: Reader, first: RowOf<Kind>, second: RowOf<Kind>): Json | undefined {
  if (nested.answers === 'parent') return { uuid: first.uuid };
  return nested.answers === 'other' ? recordOf(reader, other, second) : undefined;
}

function answerOf({ nested, other, kind }: Both): Answer {
  if (nested.answers === 'parent') return { shape: 'object' };
  return { shape: 'record', kind: nested.answers === 'other' ? other : kind };
}

function relate(both: Both, path: string): Endpoint {
  const { kind, parentName, otherName, group } = both;
  const names = [parentName, otherName];
  return {
    method: 'POST',
    path,
    doc: `Relates the two. ${resourceOf(kind).doc}`,
    group,
    parameters: makeParameters(kind, names),
    answer: answerOf(both),
    handle: (call) => {
      const find = inPath(both, call.path);
      const made = make(both, kind, call.given, { names, find: (tx) => find(tx).columns });
      call.wrote(made.revision);
      const { first, second } = find(both.store);
      return answered(both, both.store, first, second) ?? made.record;
    },
  };
}

/** Ends one relation; that there is none is a fault only where the original says so. */
function end(both: Both, path: string): Endpoint {
  const { kind, nested, other, otherName, group, store } = both;
  return {
    method: 'DELETE',
    path,
    doc: nested.answers === 'other' ? 'Ends the relation.' : 'Ends the relation, if there is one.',
    group,
    parameters: [],
    answer: nested.answers ? answerOf(both) : { shape: 'uuids' },
    handle: (call) => {
      const find = inPath(both, call.path);
      const { value, revision } = store.transaction((tx) => {
        const { first, second, columns } = find(tx);
        const [row] = tx.find(kind, columns as object, { limit: 1 });
        if (!row && nested.answers === 'other') {
          throw new ApiError('unknownUuid', `${resourceOf(other).model}#${otherName}: ${second.uuid}`, {
            hint: `It is not related to ${first.uuid}.`,
          });
        }
        if (row) tx.remove(kind, row.id);
        return answered(both, tx, first, second) ?? [second.uuid];
      });
      call.wrote(revision);
      return value;
    },
  };
}

/** Makes the relation or changes it; it goes when nothing is asked for and nothing needs it. */
function set(both: Both, path: string): Endpoint {
  const { kind, parentName, otherName, group, store, around } = both;
  const fields = fieldsOf(resourceOf(kind)).filter(([name]) => name !== parentName && name !== otherName);
  const parameters = parametersFor(fields, 'change');
  return {
    method: 'PUT',
    path,
    doc: `Says whether the two belong together. ${resourceOf(kind).doc}`,
    group,
    parameters,
    answer: { shape: 'record', kind },
    handle: (call) => {
      const find = inPath(both, call.path);
      const read = readParameters(parameters, call.given);
      const { value, revision } = store.transaction((tx) => {
        const { first, second, columns } = find(tx);
        if (Object.keys(read).length === 0) return {};
        const [row] = tx.find(kind, columns as object, { limit: 1 });
        const wanted = Object.values(read).some(Boolean);
        if (!row && !wanted) throw new ApiError('argument', `${first.uuid} is not part of ${second.uuid}`);
        const values = resolveReferences(tx, fields, read);
        const now = row
          ? tx.update(kind, row.id, values as never)
          : tx.insert(kind, { ...columns, ...values } as never);
        const record = recordOf(tx, kind, now);
        if (wanted || behaviourOf(kind).needed?.(tx, now)) return record;
        tx.remove(kind, now.id);
        return { ...record, deleted_at: timeToText(around.now()), is_deleted: now.id };
      });
      call.wrote(revision);
      return value;
    },
  };
}

/** `/dns_services/:uuid/dns_records/:dns_record_uuid`. */
function childWithUuid(place: Where): Endpoint[] {
  const { kind, parent, parentColumn, path, group, store } = place;
  const name = `${kind}_uuid`;
  return [
    list(place),
    add(place),
    {
      method: 'DELETE',
      path: `${path}/:${name}`,
      doc: `Removes it. ${resourceOf(kind).doc}`,
      group,
      parameters: [],
      answer: { shape: 'uuids' },
      handle: (call) => {
        const { value, revision } = store.transaction((tx) => {
          const { id } = objectInPath(tx, parent, call.path.uuid!);
          const child = objectInPath(tx, kind, call.path[name]!, name);
          if (idIn(child, parentColumn) !== id) {
            throw new ApiError('unknownUuid', child.uuid, { hint: `It does not belong to ${call.path.uuid}.` });
          }
          tx.remove(kind, child.id);
          return [child.uuid];
        });
        call.wrote(revision);
        return value;
      },
    },
  ];
}

/** `/interfaces/:uuid/ports`: what is removed is selected by its fields. */
function childWithoutUuid(place: Where): Endpoint[] {
  const { kind, parent, parentColumn, path, group, store } = place;
  const declared = resourceOf(kind);
  const selection = parametersFor(removalParametersOf(declared), 'make');
  return [
    list(place),
    add(place),
    {
      method: 'DELETE',
      path,
      doc: `Removes those that match what is given; all of them where nothing is. ${declared.doc}`,
      group,
      parameters: selection,
      answer: { shape: 'records', kind },
      handle: (call) => {
        const read = readParameters(selection, inOurWords(declared, call.given));
        const { value, revision } = store.transaction((tx) => {
          const { id } = objectInPath(tx, parent, call.path.uuid!);
          const where = { ...resolveReferences(tx, fieldsOf(declared), read), [parentColumn]: id };
          const rows = tx.find(kind, where as object);
          const records = recordsOf(tx, kind, rows);
          for (const row of rows) tx.remove(kind, row.id);
          return records;
        });
        call.wrote(revision);
        return value;
      },
    },
  ];
}

function list({ kind, parent, parentColumn, path, group, store }: Where): Endpoint {
  return {
    method: 'GET',
    path,
    doc: `Lists them. ${resourceOf(kind).doc}`,
    group,
    parameters: pageParameters,
    answer: { shape: 'list', kind },
    handle: (call) => {
      const page = pageOf(call.given);
      const where = { [parentColumn]: objectInPath(store, parent, call.path.uuid!).id };
      const items = recordsOf(store, kind, store.find(kind, where, page));
      return { total_count: store.count(kind, where), ...page, items };
    },
  };
}

function add(place: Where): Endpoint {
  const { kind, parent, parentName, parentColumn, path, group } = place;
  const names = [parentName];
  // So the original names the parameter of the path, where what is added has a uuid.
  const nameInPath = resourceOf(kind).idPrefix ? parentName : 'uuid';
  return {
    method: 'POST',
    path,
    doc: `Adds one. ${resourceOf(kind).doc}`,
    group,
    parameters: makeParameters(kind, names),
    answer: { shape: 'record', kind },
    handle: (call) => {
      const find = (tx: Transaction): Values => ({
        [parentColumn]: objectInPath(tx, parent, call.path.uuid!, nameInPath).id,
      });
      const { record, revision } = make(place, kind, call.given, { names, find });
      call.wrote(revision);
      return record;
    },
  };
}

function idIn(row: RowOf<Kind>, column: string): number {
  return (row as Readonly<Record<string, unknown>>)[column] as number;
}
