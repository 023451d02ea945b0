import { columnOf, fieldsOf, type Kind, type RowOf, resourceOf } from '@openvnet/model';
import type { Reader } from '@openvnet/store';
import { behaviourOf } from '../behaviours/registry.ts';
import { mapInOrder } from '../in-order.ts';
import type { Json } from './endpoint.ts';

/** Rows as answers show them, with what the behaviour of their kind adds. A bounded number of queries for any number of rows. */
export async function recordsOf<K extends Kind>(reader: Reader, kind: K, rows: readonly RowOf<K>[]): Promise<Json[]> {
  const plain = await plainRecordsOf(reader, kind, rows);
  const more = (await behaviourOf(kind).view?.(reader, rows)) ?? [];
  return plain.map((record, i) => ({ ...record, ...more[i] }));
}

export async function recordOf<K extends Kind>(reader: Reader, kind: K, row: RowOf<K>): Promise<Json> {
  return (await recordsOf(reader, kind, [row]))[0]!;
}

/** Rows as their declaration alone has them. */
export async function plainRecordsOf<K extends Kind>(
  reader: Reader,
  kind: K,
  rows: readonly RowOf<K>[],
): Promise<Json[]> {
  const declared = resourceOf(kind);
  const fields = fieldsOf(declared);
  const uuids = await uuidsReferredTo(reader, kind, rows as readonly Json[]);
  return (rows as readonly Json[]).map((row) => {
    const record: Json = {};
    if (declared.housekeeping !== false) record.id = row.id;
    if (declared.idPrefix) record.uuid = row.uuid;
    for (const [name, field] of fields) {
      const stored = row[columnOf(name, field)] ?? null;
      if (field.type !== 'reference') record[name] = stored === null ? null : field.render(stored);
      if (field.type === 'reference' && field.show?.includes('id')) record[columnOf(name, field)] = stored;
      if (field.type === 'reference' && field.show?.includes('uuid')) {
        record[name] = uuids.get(field.to!)?.get(stored as number) ?? null;
      }
    }
    return declared.housekeeping === false ? record : { ...record, ...housekeeping(row) };
  });
}

/** A row as it stands inside another record: its columns as they are kept. */
export function rawOf(row: RowOf<Kind> | undefined): Json | null {
  if (!row) return null;
  const { id, created_at, updated_at, ...columns } = row as Json;
  return { id, ...columns, ...housekeeping({ created_at, updated_at }) };
}

/** The objects by id, read at once. */
export async function byId<K extends Kind>(
  reader: Reader,
  kind: K,
  ids: Iterable<number | null>,
): Promise<Map<number, RowOf<K>>> {
  const wanted = [...new Set(ids)].filter((id) => id !== null);
  const rows = wanted.length === 0 ? [] : await reader.find(kind, { id: wanted } as never);
  return new Map(rows.map((row) => [row.id, row]));
}

function housekeeping({ created_at, updated_at }: Json): Json {
  return { created_at, updated_at, deleted_at: null, is_deleted: 0 };
}

async function uuidsReferredTo(
  reader: Reader,
  kind: Kind,
  rows: readonly Json[],
): Promise<Map<string, Map<number, string>>> {
  const wanted = new Map<string, Set<number>>();
  for (const [name, field] of fieldsOf(resourceOf(kind))) {
    if (field.type !== 'reference' || !field.show?.includes('uuid')) continue;
    const ids = wanted.get(field.to!) ?? new Set<number>();
    for (const row of rows) if (row[columnOf(name, field)] !== null) ids.add(row[columnOf(name, field)] as number);
    wanted.set(field.to!, ids);
  }
  return new Map(
    await mapInOrder([...wanted], async ([to, ids]) => {
      const found = await byId(reader, to as Kind, ids);
      return [to, new Map([...found].map(([id, row]) => [id, row.uuid]))];
    }),
  );
}
