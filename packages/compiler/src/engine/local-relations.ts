import { objectOfDomain, segmentDomain } from '../pipeline/domain-numbers.ts';
import { type Identified, Relation } from './relation.ts';
import type { LocalRows, ObjectId, Relations, RelationsOf } from './relations.ts';

/** A relation of the switch: how its rows are looked up, and of which object of the model each is. */
interface LocalDeclaration<Row> {
  /** Columns by which rows are found. */
  readonly indexed: readonly (keyof Row & string)[];
  readonly owner: (row: Row, relations: Relations) => ObjectId | undefined;
  /** The ids of an object's rows. */
  readonly rowsOf: (object: ObjectId, relations: Relations) => readonly number[];
}

type Owned<Row> = Pick<LocalDeclaration<Row>, 'owner' | 'rowsOf'>;

const nobodys: Owned<unknown> = { owner: () => undefined, rowsOf: () => [] };

/** Rows that have the id of their object. */
function withIdOf(kind: ObjectId['kind']): Owned<Identified> {
  return { owner: ({ id }) => ({ kind, id }), rowsOf: (object) => (object.kind === kind ? [object.id] : []) };
}

/** The broadcast domain that a network or segment is; none for other objects. */
export function domainsOf({ kind, id }: ObjectId): readonly number[] {
  const domain = kind === 'network' ? id : kind === 'segment' ? segmentDomain(id) : undefined;
  return domain === undefined ? [] : [domain];
}

/** Rows that have the number of their broadcast domain. */
const isDomain: LocalDeclaration<Identified> = {
  indexed: [],
  owner: ({ id }) => objectOfDomain(id),
  rowsOf: (object) => domainsOf(object),
};

/** Rows of a broadcast domain, found by it. */
function inDomain(
  name: 'flood_part' | 'resolved' | 'remote_uplink' | 'flood_peer',
): Owned<{ readonly domain_id: number }> {
  return {
    owner: ({ domain_id }) => objectOfDomain(domain_id),
    rowsOf: (object, relations) =>
      domainsOf(object).flatMap((domain) => relations[name].where('domain_id', domain).map(({ id }) => id)),
  };
}

/** The rules of an interface, of which a filter says a part: what its other filters say goes together with that. */
function filteringsOf({ kind, id }: ObjectId, { filter, filtering }: Relations): readonly LocalRows['filtering'][] {
  const user = kind === 'filter' ? filter.get(id)?.interface_id : kind === 'interface' ? id : undefined;
  const row = user === undefined ? undefined : filtering.get(user);
  return row ? [row] : [];
}

/** A new relation of the switch is its row in `LocalRows` and its entry here. */
export const localDeclarations: { readonly [N in keyof LocalRows]: LocalDeclaration<LocalRows[N]> } = {
  port: { indexed: ['name', 'iface_id', 'meter'], ...nobodys },
  binding: { indexed: ['port'], ...withIdOf('interface') },
  uplink: { indexed: ['domain_id', 'network_id'], ...withIdOf('interface') },
  network_domain: { indexed: [], ...withIdOf('network') },
  open_domain: isDomain,
  attachment: {
    indexed: ['network_id', 'interface_id', 'mac_lease_id', 'flood_part'],
    ...withIdOf('ip_lease'),
  },
  member: {
    indexed: ['interface_id', 'flood_part'],
    owner: ({ interface_id }) => ({ kind: 'interface', id: interface_id }),
    rowsOf: ({ kind, id }, { member }) =>
      kind === 'interface' ? member.where('interface_id', id).map((row) => row.id) : [],
  },
  flood_part: { indexed: ['domain_id'], ...inDomain('flood_part') },
  station: { indexed: ['network_id', 'domain_id', 'interface_id'], ...withIdOf('ip_lease') },
  resolved: { indexed: ['domain_id'], ...inDomain('resolved') },
  heard: { indexed: [], ...withIdOf('interface') },
  tunnel: { indexed: ['encapsulation'], ...nobodys },
  peer: { indexed: [], ...withIdOf('datapath') },
  remote_uplink: { indexed: ['domain_id'], ...inDomain('remote_uplink') },
  edge: isDomain,
  remote_member: { indexed: ['flood_peer'], ...nobodys },
  flood_peer: { indexed: ['domain_id'], ...inDomain('flood_peer') },
  filtering: {
    indexed: ['hash'],
    owner: ({ id }) => ({ kind: 'interface', id }),
    rowsOf: (object, relations) => filteringsOf(object, relations).map(({ id }) => id),
  },
  rule_set: {
    indexed: [],
    owner: ({ id }, { filtering }) => {
      const [user, ...others] = filtering.where('hash', id);
      return user && others.length === 0 ? { kind: 'interface', id: user.id } : undefined;
    },
    rowsOf: (object, relations) => filteringsOf(object, relations).map(({ hash }) => hash),
  },
};

/** What one switch adds to the model, empty. */
export function localRelations(): RelationsOf<LocalRows> {
  const made = Object.entries(localDeclarations).map(([name, { indexed }]) => [name, new Relation(name, indexed)]);
  return Object.fromEntries(made) as RelationsOf<LocalRows>;
}
