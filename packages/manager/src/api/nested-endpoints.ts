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
import { behaviourOf } from '../behaviours/registry.ts';
import type { Answer, Call, Endpoint, Json } from './endpoint.ts';
import { listParameters, wantedColumns } from './filters.ts';
import { pageOf } from './page.ts';
import {
  inOurWords,
  objectInPath,
  parametersFor,
  readParameters,
  resolveReferences,
  uuidParameter,
  type Values,
} from './parameters.ts';
import { byId, recordOf, recordsOf } from './record.ts';
import { type Context, make, makeIn, makeParameters } from './resource-endpoints.ts';

/** The operations of a resource that hangs below another: a relation of two, a child with a uuid, or one without. */
export function nestedEndpoints(kind: Kind, nested: Nested, { store, around }: Context): Endpoint[] {
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

interface Where extends Context {
  readonly kind: Kind;
  readonly nested: Nested;
  readonly parent: Kind;
  readonly parentName: string;
  readonly parentColumn: string;
  readonly path: string;
  readonly group: string;
}

/** `/datapaths/:uuid/networks/:network_uuid`. */
function relation(where: Where, other: Kind): Endpoint[] {
  const { kind, nested, path } = where;
  const otherName = otherField(nested);
  const both: Both = { ...where, other, otherName, otherColumn: otherName.replace(/_uuid$/, '_id') };
  const listing = nested.lists === 'relations' ? list(where) : listOthers(both);
  if (nested.operations === 'list') return [listing];
  const onePath = `${path}/:${otherName}`;
  if (nested.operations === 'set') return [listing, set(both, onePath)];
  return [listing, relate(both, onePath), end(both, onePath)];

  function listOthers({ store, parent, parentColumn, otherColumn, group }: Both): Endpoint {
    return {
      method: 'GET',
      path,
      doc: `Lists the related objects. ${resourceOf(kind).doc}`,
      group,
      parameters: listParameters(other),
      answer: { shape: 'list', kind: other },
      handle: (call) =>
        store.read(async (reader) => {
          const page = pageOf(call.given);
          const where = { [parentColumn]: (await objectInPath(reader, parent, call.path.uuid!)).id };
          const wanted = await wantedColumns(reader, other, call.given);
          const isNarrowed = Object.keys(wanted).length > 0;
          const related = await reader.find(kind, where, isNarrowed ? {} : page);
          const ids = related.map((row) => idIn(row, otherColumn));
          const found = await byId(reader, other, ids);
          const all = ids.map((id) => found.get(id)!).filter((row) => hasColumns(row, wanted));
          const rows = isNarrowed ? all.slice(page.offset, page.offset + page.limit) : all;
          const total_count = isNarrowed ? all.length : await reader.count(kind, where);
          return { total_count, ...page, items: await recordsOf(reader, other, rows) };
        }),
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
  return async (reader: Reader) => {
    const second = await objectInPath(reader, other, path[otherName]!, otherName);
    const first = await objectInPath(reader, parent, path.uuid!);
    return { first, second, columns: { [otherColumn]: second.id, [parentColumn]: first.id } };
  };
}

/** What making and ending a relation answers, where it is one of the two objects. */
async function answered(
  { nested, other }: Both,
  reader: Reader,
  first: RowOf<Kind>,
  second: RowOf<Kind>,
): Promise<Json | undefined> {
  if (nested.answers === 'parent') return { uuid: first.uuid };
  return nested.answers === 'other' ? await recordOf(reader, other, second) : undefined;
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
    doc: `Adds the relation. ${resourceOf(kind).doc}`,
    group,
    parameters: [...uuidParameter(resourceOf(kind)), ...makeParameters(kind, names)],
    alsoTakes: resourceOf(kind).obsolete ?? [],
    answer: answerOf(both),
    handle: async (call) => {
      const find = inPath(both, call.path);
      const { value, revision } = await both.store.transaction(call.by, async (tx) => {
        const columns = async () => (await find(tx)).columns;
        const record = await makeIn({ tx, around: both.around }, kind, call.given, { names, find: columns });
        const { first, second } = await find(tx);
        return (await answered(both, tx, first, second)) ?? record;
      });
      call.wrote(revision);
      return value;
    },
  };
}

/** Ends one relation; that there is none is a fault only where the original says so. */
function end(both: Both, path: string): Endpoint {
  const { kind, nested, other, otherName, group, store } = both;
  return {
    method: 'DELETE',
    path,
    doc: nested.answers === 'other' ? 'Deletes the relation.' : 'Deletes the relation if it exists.',
    group,
    parameters: [],
    answer: nested.answers ? answerOf(both) : { shape: 'uuids' },
    handle: async (call) => {
      const find = inPath(both, call.path);
      const { value, revision } = await store.transaction(call.by, async (tx) => {
        const { first, second, columns } = await find(tx);
        const [row] = await tx.find(kind, columns as object, { limit: 1 });
        if (!row && nested.answers === 'other') {
          throw new ApiError('unknownUuid', `${resourceOf(other).model}#${otherName}: ${second.uuid}`, {
            hint: `It has no relation to ${first.uuid}.`,
          });
        }
        if (row) await tx.remove(kind, row.id);
        return (await answered(both, tx, first, second)) ?? [second.uuid];
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
    doc: `Sets whether the relation is static. ${resourceOf(kind).doc}`,
    group,
    parameters,
    answer: { shape: 'record', kind },
    handle: async (call) => {
      const find = inPath(both, call.path);
      const read = readParameters(parameters, call.given);
      const { value, revision } = await store.transaction(call.by, async (tx) => {
        const { first, second, columns } = await find(tx);
        if (Object.keys(read).length === 0) return {};
        const [row] = await tx.find(kind, columns as object, { limit: 1 });
        const wanted = Object.values(read).some(Boolean);
        if (!row && !wanted) throw new ApiError('argument', `${first.uuid} is not part of ${second.uuid}`);
        const values = await resolveReferences(tx, fields, read);
        const now = row
          ? await tx.update(kind, row.id, values as never)
          : await tx.insert(kind, { ...columns, ...values } as never);
        const record = await recordOf(tx, kind, now);
        if (wanted || (await behaviourOf(kind).needed?.(tx, now))) return record;
        await tx.remove(kind, now.id);
        return { ...record, deleted_at: timeToText(around.now()), is_deleted: now.id };
      });
      call.wrote(revision);
      return value;
    },
  };
}

/** `/dns_services/:uuid/dns_records/:dns_record_uuid`. */
function childWithUuid(where: Where): Endpoint[] {
  const { kind, parent, parentColumn, path, group, store } = where;
  const name = `${kind}_uuid`;
  return [
    list(where),
    add(where),
    {
      method: 'DELETE',
      path: `${path}/:${name}`,
      doc: `Deletes one. ${resourceOf(kind).doc}`,
      group,
      parameters: [],
      answer: { shape: 'uuids' },
      handle: async (call) => {
        const { value, revision } = await store.transaction(call.by, async (tx) => {
          const { id } = await objectInPath(tx, parent, call.path.uuid!);
          const child = await objectInPath(tx, kind, call.path[name]!, name);
          if (idIn(child, parentColumn) !== id) {
            throw new ApiError('unknownUuid', child.uuid, { hint: `It does not belong to ${call.path.uuid}.` });
          }
          await tx.remove(kind, child.id);
          return [child.uuid];
        });
        call.wrote(revision);
        return value;
      },
    },
  ];
}

/** `/interfaces/:uuid/ports`: what is removed is selected by its fields. */
function childWithoutUuid(where: Where): Endpoint[] {
  const { kind, parent, parentColumn, path, group, store } = where;
  const declared = resourceOf(kind);
  const selection = parametersFor(removalParametersOf(declared), 'make');
  return [
    list(where),
    add(where),
    {
      method: 'DELETE',
      path,
      doc: `Deletes those that match the parameters; all without parameters. ${declared.doc}`,
      group,
      parameters: selection,
      answer: { shape: 'records', kind },
      handle: async (call) => {
        const read = readParameters(selection, inOurWords(declared, call.given));
        const { value, revision } = await store.transaction(call.by, async (tx) => {
          const { id } = await objectInPath(tx, parent, call.path.uuid!);
          const where = { ...(await resolveReferences(tx, fieldsOf(declared), read)), [parentColumn]: id };
          const rows = await tx.find(kind, where as object);
          const records = await recordsOf(tx, kind, rows);
          for (const row of rows) await tx.remove(kind, row.id);
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
    doc: `Lists all. ${resourceOf(kind).doc}`,
    group,
    parameters: listParameters(kind),
    answer: { shape: 'list', kind },
    handle: (call) =>
      store.read(async (reader) => {
        const page = pageOf(call.given);
        const { id } = await objectInPath(reader, parent, call.path.uuid!);
        const where = { ...(await wantedColumns(reader, kind, call.given)), [parentColumn]: id };
        const items = await recordsOf(reader, kind, await reader.find(kind, where, page));
        return { total_count: await reader.count(kind, where), ...page, items };
      }),
  };
}

function add(where: Where): Endpoint {
  const { kind, parent, parentName, parentColumn, path, group } = where;
  const names = [parentName];
  // So the original names the parameter of the path, where what is added has a uuid.
  const nameInPath = resourceOf(kind).idPrefix ? parentName : 'uuid';
  return {
    method: 'POST',
    path,
    doc: `Adds one. ${resourceOf(kind).doc}`,
    group,
    parameters: [...uuidParameter(resourceOf(kind)), ...makeParameters(kind, names)],
    alsoTakes: resourceOf(kind).obsolete ?? [],
    answer: { shape: 'record', kind },
    handle: async (call) => {
      const find = async (tx: Transaction): Promise<Values> => ({
        [parentColumn]: (await objectInPath(tx, parent, call.path.uuid!, nameInPath)).id,
      });
      const { record, revision } = await make(where, kind, call, { names, find });
      call.wrote(revision);
      return record;
    },
  };
}

function hasColumns(row: RowOf<Kind>, wanted: Values): boolean {
  return Object.entries(wanted).every(([column, value]) => (row as unknown as Values)[column] === value);
}

function idIn(row: RowOf<Kind>, column: string): number {
  return (row as Readonly<Record<string, unknown>>)[column] as number;
}
