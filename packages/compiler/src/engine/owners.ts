import { columnOf, fieldsOf, type Kind, kinds, parentField, resourceOf } from '@openvnet/model';
import { objectOfDomain } from '../pipeline/domain-numbers.ts';
import type { Source } from './feature.ts';
import { domainsOf, localDeclarations } from './local-relations.ts';
import type { Identified, Relation } from './relation.ts';
import type { LocalRows, ObjectId, Relations } from './relations.ts';

/** The object that an item of a feature is of; undefined if there is no such item any more, or no object. */
export function ownerOf(relations: Relations, source: Source, item: number): ObjectId | undefined {
  const [name, id] = itemRow(source, item);
  if (name === domains) return objectOfDomain(id);
  const row = relationOf(relations, name)?.get(id);
  if (!row) return undefined;
  const local = localDeclaration(name);
  return local ? local.owner(row as never, relations) : { kind: name as Kind, id };
}

/** The items of a feature that are of an object. */
export function itemsOf(relations: Relations, source: Source, object: ObjectId): readonly number[] {
  const [name] = itemRow(source, 0);
  if (name === object.kind) return [object.id];
  if (name === domains) return domainsOf(object);
  return localDeclaration(name)?.rowsOf(object, relations) ?? [];
}

/**
 * The object and all that would go with it if it were removed: what refers to it, and what refers to that. A network has
 * the MAC leases of its addresses besides.
 */
export function familyOf(relations: Relations, object: ObjectId): ObjectId[] {
  const family = new Map<string, ObjectId>();
  const add = (member: ObjectId): void => {
    const key = `${member.kind} ${member.id}`;
    if (family.has(key)) return;
    family.set(key, member);
    for (const { kind, column } of referrersOf(member.kind)) {
      for (const { id } of relationOf(relations, kind)!.where(column, member.id)) add({ kind, id });
    }
  };
  add(object);
  if (object.kind === 'network') {
    for (const { mac_lease_id } of relations.ip_lease.where('network_id', object.id)) {
      if (mac_lease_id !== null) family.set(`mac_lease ${mac_lease_id}`, { kind: 'mac_lease', id: mac_lease_id });
    }
  }
  return [...family.values()];
}

/** An object that has a name. */
export interface NamedObject extends ObjectId {
  readonly uuid: string;
}

/** The object, or, where it has no name, the one that has, of which it is a part. */
export function named(relations: Relations, object: ObjectId): NamedObject | undefined {
  const { idPrefix, nested } = resourceOf(object.kind);
  const row = relationOf(relations, object.kind)?.get(object.id) as Row | undefined;
  if (!row) return undefined;
  if (idPrefix) return { ...object, uuid: row.uuid };
  if (!nested) return undefined;
  const parent = row[columnOf(parentField(nested), { type: 'reference' })] as number;
  return named(relations, { kind: nested.of as Kind, id: parent });
}

/** The name of an object, and of the interface to which it belongs, where it does. */
export function namesOf(
  relations: Relations,
  object: ObjectId | undefined,
): { object: string | null; of: string | null } {
  const found = object && named(relations, object);
  if (!found) return { object: null, of: null };
  const row = relationOf(relations, found.kind)!.get(found.id) as unknown as Row;
  const of = found.kind === 'interface' ? found.id : row.interface_id;
  return { object: found.uuid, of: typeof of === 'number' ? (relations.interface.get(of)?.uuid ?? null) : null };
}

type Row = Readonly<Record<string, unknown>> & Identified & { readonly uuid: string };

/** Groups that are numbered by broadcast domain: no relation has a row for each. */
const domains = 'domain';

function localDeclaration(name: string): (typeof localDeclarations)[keyof LocalRows] | undefined {
  return (localDeclarations as Readonly<Record<string, (typeof localDeclarations)[keyof LocalRows]>>)[name];
}

/** Which relation an item is a row of: that of a source, or the one that its groups are numbered by. */
function itemRow(source: Source, item: number): [name: string, id: number] {
  if (!('by' in source)) return [source.of, item];
  return [source.by.replace(/_id$/, ''), item];
}

function relationOf(relations: Relations, name: string): Relation<Identified> | undefined {
  return (relations as unknown as Record<string, Relation<Identified>>)[name];
}

function referrersOf(kind: Kind): { kind: Kind; column: string }[] {
  return kinds.flatMap((other) =>
    fieldsOf(resourceOf(other))
      .filter(([, field]) => field.to === kind)
      .map(([name, field]) => ({ kind: other, column: columnOf(name, field) })),
  );
}
