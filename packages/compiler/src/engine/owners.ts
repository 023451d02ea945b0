import { columnOf, fieldsOf, type Kind, kinds, parentField, resourceOf } from '@openvnet/model';
import { objectOfDomain, segmentDomain } from '../pipeline/domain-numbers.ts';
import type { Source } from './feature.ts';
import type { Identified, Relation } from './relation.ts';
import type { LocalRows, Relations } from './relations.ts';

/** An object of the model, by kind and number. */
export interface ObjectId {
  readonly kind: Kind;
  readonly id: number;
}

/** Whose a row of the switch is. */
const ownersOfLocal: {
  readonly [N in keyof LocalRows]: (row: LocalRows[N], relations: Relations) => ObjectId | undefined;
} = {
  port: () => undefined,
  binding: ({ id }) => ({ kind: 'interface', id }),
  uplink: ({ id }) => ({ kind: 'interface', id }),
  network_domain: ({ id }) => ({ kind: 'network', id }),
  open_domain: ({ id }) => objectOfDomain(id),
  member: ({ interface_id }) => ({ kind: 'interface', id: interface_id }),
  attachment: ({ id }) => ({ kind: 'ip_lease', id }),
  flood_part: ({ domain_id }) => objectOfDomain(domain_id),
  station: ({ id }) => ({ kind: 'ip_lease', id }),
  resolved: ({ domain_id }) => objectOfDomain(domain_id),
  filtering: ({ id }) => ({ kind: 'interface', id }),
  rule_set: ({ id }, { filtering }) => {
    const [user, ...others] = filtering.where('hash', id);
    return user && others.length === 0 ? { kind: 'interface', id: user.id } : undefined;
  },
};

/** The object that an item of a feature is of; undefined if there is no such item any more, or no object. */
export function ownerOf(relations: Relations, source: Source, item: number): ObjectId | undefined {
  const [name, id] = itemRow(source, item);
  if (name === 'domain') return objectOfDomain(id);
  const row = relationOf(relations, name)?.get(id);
  if (!row) return undefined;
  if (name in ownersOfLocal) return ownersOfLocal[name as keyof LocalRows](row as never, relations);
  return { kind: name as Kind, id };
}

/** The items of a feature that are of an object. */
export function itemsOf(relations: Relations, source: Source, object: ObjectId): number[] {
  const name = itemRow(source, 0)[0];
  if (name === object.kind) return [object.id];
  if (name === 'filtering' || name === 'rule_set') {
    // The rules of a filter are those of its interface, together with what its other filters say.
    const id = object.kind === 'filter' ? relations.filter.get(object.id)?.interface_id : object.id;
    const own = object.kind === 'filter' || object.kind === 'interface' ? relations.filtering.get(id ?? 0) : undefined;
    return own ? [name === 'rule_set' ? own.hash : own.id] : [];
  }
  if (name === 'binding' || name === 'uplink') return object.kind === 'interface' ? [object.id] : [];
  if (name === 'attachment' || name === 'station') return object.kind === 'ip_lease' ? [object.id] : [];
  const domain =
    object.kind === 'network' ? object.id : object.kind === 'segment' ? segmentDomain(object.id) : undefined;
  if (domain === undefined) return [];
  if (name === 'domain' || name === 'open_domain') return [domain];
  if (name !== 'flood_part' && name !== 'resolved') return [];
  return relations[name].where('domain_id', domain).map(({ id }) => id);
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
