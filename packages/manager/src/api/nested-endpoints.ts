import { ApiError, fieldsOf, type Kind, type Nested, type RowOf, resourceOf } from '@openvnet/model';
import type { Store, Transaction } from '@openvnet/store';
import type { Endpoint } from './endpoint.ts';
import { pageOf, pageParameters } from './page.ts';
import {
  inOurWords,
  objectInPath,
  parametersFor,
  readParameters,
  requirePathUuid,
  resolveReferences,
  type Values,
} from './parameters.ts';
import { byId, recordsOf } from './record.ts';
import { make, makeParameters } from './resource-endpoints.ts';

/** The operations of a resource that hangs below another: a relation of two, a child with a uuid, or one without. */
export function nestedEndpoints(kind: Kind, nested: Nested, store: Store): Endpoint[] {
  const shape = nested.with ? relation : resourceOf(kind).idPrefix ? childWithUuid : childWithoutUuid;
  const parent = nested.of as Kind;
  const path = `/${resourceOf(parent).plural}/:uuid/${nested.name}`;
  return shape({ kind, parent, parentColumn: `${parent}_id`, path, group: resourceOf(parent).plural, store }, nested);
}

interface Place {
  readonly kind: Kind;
  readonly parent: Kind;
  readonly parentColumn: string;
  readonly path: string;
  readonly group: string;
  readonly store: Store;
}

/** `/datapaths/:uuid/networks/:network_uuid`: lists show the other objects. */
function relation(place: Place, nested: Nested): Endpoint[] {
  const { kind, parent, parentColumn, path, group, store } = place;
  const other = nested.with as Kind;
  const otherName = `${other}_uuid`;
  const otherColumn = `${other}_id`;
  const names = [`${parent}_uuid`, otherName];
  const { doc } = resourceOf(kind);

  return [
    {
      method: 'GET',
      path,
      doc: `Lists what is related. ${doc}`,
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
    },
    {
      method: 'POST',
      path: `${path}/:${otherName}`,
      doc: `Relates the two. ${doc}`,
      group,
      parameters: makeParameters(kind, names),
      answer: { shape: 'record', kind },
      handle: (call) => {
        const [uuid, otherUuid] = [call.path.uuid!, call.path[otherName]!];
        requirePathUuid(other, otherUuid, otherName);
        requirePathUuid(parent, uuid, 'uuid');
        const find = (tx: Transaction): Values => ({
          [otherColumn]: objectInPath(tx, other, otherUuid, otherName).id,
          [parentColumn]: objectInPath(tx, parent, uuid).id,
        });
        const { record, revision } = make(store, kind, call.given, { names, find });
        call.wrote(revision);
        return record;
      },
    },
    {
      method: 'DELETE',
      path: `${path}/:${otherName}`,
      doc: 'Ends the relation, if there is one.',
      group,
      parameters: [],
      answer: { shape: 'uuids' },
      handle: (call) => {
        const { value, revision } = store.transaction((tx) => {
          const { id, uuid } = objectInPath(tx, other, call.path[otherName]!, otherName);
          const where = { [parentColumn]: objectInPath(tx, parent, call.path.uuid!).id, [otherColumn]: id };
          for (const row of tx.find(kind, where)) tx.remove(kind, row.id);
          return [uuid];
        });
        call.wrote(revision);
        return value;
      },
    },
  ];
}

/** `/dns_services/:uuid/dns_records/:dns_record_uuid`. */
function childWithUuid(place: Place): Endpoint[] {
  const { kind, parent, parentColumn, path, group, store } = place;
  const name = `${kind}_uuid`;
  return [
    ...listAndMake(place),
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
          if (idIn(child, parentColumn) !== id) throw new ApiError('unknownUuid', child.uuid);
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
function childWithoutUuid(place: Place): Endpoint[] {
  const { kind, parent, parentColumn, path, group, store } = place;
  const declared = resourceOf(kind);
  const selection = parametersFor(
    fieldsOf(declared).filter(([name]) => name !== `${parent}_uuid`),
    'change',
  );
  return [
    ...listAndMake(place),
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

function listAndMake({ kind, parent, parentColumn, path, group, store }: Place): Endpoint[] {
  const names = [`${parent}_uuid`];
  const { doc } = resourceOf(kind);
  return [
    {
      method: 'GET',
      path,
      doc: `Lists them. ${doc}`,
      group,
      parameters: pageParameters,
      answer: { shape: 'list', kind },
      handle: (call) => {
        const page = pageOf(call.given);
        const where = { [parentColumn]: objectInPath(store, parent, call.path.uuid!).id };
        const items = recordsOf(store, kind, store.find(kind, where, page));
        return { total_count: store.count(kind, where), ...page, items };
      },
    },
    {
      method: 'POST',
      path,
      doc: `Adds one. ${doc}`,
      group,
      parameters: makeParameters(kind, names),
      answer: { shape: 'record', kind },
      handle: (call) => {
        requirePathUuid(parent, call.path.uuid!, 'uuid');
        const find = (tx: Transaction): Values => ({ [parentColumn]: objectInPath(tx, parent, call.path.uuid!).id });
        const { record, revision } = make(store, kind, call.given, { names, find });
        call.wrote(revision);
        return record;
      },
    },
  ];
}

function idIn(row: RowOf<Kind>, column: string): number {
  return (row as Readonly<Record<string, unknown>>)[column] as number;
}
