import { boolean } from './field.ts';
import type { Field } from './field-type.ts';

type AnyFields = Readonly<Record<string, unknown>>;

/** Where a resource hangs below another one in the API: `/datapaths/:uuid/networks/:network_uuid`. */
export interface Nested {
  /** Kind of the object in whose path it is; the field `<of>_uuid` holds it. */
  readonly of: string;
  /** The word in the path. */
  readonly name: string;
  /** Kind of the other object, where this is a relation of two; the field `<with>_uuid` holds it. */
  readonly with?: string;
  /** What the two are to each other, where both are of one kind; the fields are named for that: `<role>_uuid`. */
  readonly roles?: { readonly of: string; readonly with: string };
  /**
   * `add` unless said: they are made, listed and ended. `set`: they are listed, and there or not as their fields say.
   * `list`: the manager makes them, and they are only listed.
   */
  readonly operations?: 'add' | 'set' | 'list';
  /**
   * Fields that a request that removes must name, where the objects have no uuid. Unless said there are none: those that
   * match what is given go, and all of them where nothing is.
   */
  readonly removedBy?: readonly string[];
  /** The field by which people tell them apart, where the objects have no uuid. */
  readonly toldBy?: string;
  /** What a list of relations shows: the other objects unless said. */
  readonly lists?: 'others' | 'relations';
  /** What making and ending a relation answers: the relation and the other's uuid, unless it is an object of the two. */
  readonly answers?: 'parent' | 'other';
}

/** Something that can be done with an object beside the ordinary: `PUT /ip_leases/:uuid/release`. */
export interface Action {
  readonly method: 'PUT' | 'POST';
  readonly doc: string;
  readonly parameters: Readonly<Record<string, unknown>>;
  /** Whether at least one of its parameters has to be given, though none of them must. */
  readonly needsOne?: boolean;
  /** Kind of the object that it answers. */
  readonly answers: string;
}

/** The field that holds the object in whose path it is. */
export function parentField({ of, roles }: Nested): string {
  return `${roles?.of ?? of}_uuid`;
}

/** The field that holds the other object of a relation, which is also its name in the path. */
export function otherField({ with: other, roles }: Nested): string {
  return `${roles?.with ?? other}_uuid`;
}

/** One kind of object: columns, routes, validation, OpenAPI, client, commands and lists follow from it. */
export interface Resource<F = AnyFields, P = AnyFields> {
  /** Singular, in snake case: `ip_lease`. */
  readonly kind: string;
  /** Word in paths and commands, and the name of the table: `ip_leases`. */
  readonly plural: string;
  /** Name in error messages: `IpLease`. */
  readonly model: string;
  /** What its uuids begin with; without it the object has no uuid. */
  readonly idPrefix?: string;
  readonly doc: string;
  /** In the order in which they are checked. */
  readonly fields: F;
  /** What a request that makes one may hold besides: for objects that are made along with it. */
  readonly parameters?: P;
  /** What a request that removes one may hold. */
  readonly removal?: P;
  /** Those of `parameters` that a request that changes one may hold too. */
  readonly changes?: readonly string[];
  readonly nested?: Nested;
  /** By the word in the path and of the command. */
  readonly actions?: Readonly<Record<string, Action>>;
  /** Whoever makes one must name it. */
  readonly uuidRequired?: boolean;
  /** Takes a change though nothing of it can change, and answers it as it is: so does the original. */
  readonly emptyChange?: boolean;
  /** Columns that no two objects share. */
  readonly unique?: readonly { columns: readonly string[]; error: 'argument' | 'relationExists' }[];
  /** Parameters that older clients send and that mean nothing any more: taken without effect. */
  readonly obsolete?: readonly string[];
  /** Options for a change that the original's `vnctl` has, and that change nothing: taken with a note. */
  readonly ignoredChanges?: readonly string[];
  /** Rewrites what was given, before it is checked: for the spellings of older clients. */
  readonly prepare?: (given: Readonly<Record<string, unknown>>) => Record<string, unknown>;
  /** Columns shown in lists for people, in order; all fields otherwise. */
  readonly summary?: readonly string[];
  /** Lists inside an answer of which people see the uuids, by the name that they see; where each is in the answer. */
  readonly holds?: Readonly<Record<string, readonly string[]>>;
  /** Whether answers show id and times; true unless said. */
  readonly housekeeping?: boolean;
}

/** Declares a resource. Its type keeps the words of paths, from which the client's methods have their names. */
export function resource<
  const F extends AnyFields,
  const P extends AnyFields = Record<never, never>,
  const W extends Words = Words,
>(declared: Resource<F, P> & W): Resource<F, P> & W {
  return declared;
}

type Words = { readonly plural: string; readonly nested?: Nested };

type Stored<X> = X extends Field<infer S, boolean> ? S : never;
type IsOptional<X> = X extends { readonly optional: true } ? true : false;
type Column<K, X> = X extends { readonly type: 'reference' } ? (K extends `${infer Name}_uuid` ? `${Name}_id` : K) : K;

/** An object as it is kept and sent to agents: plain data, addresses as numbers, references as ids, times as text. */
export type Row<R> =
  R extends Resource<infer F, infer _P>
    ? { readonly id: number; readonly uuid: string; readonly created_at: string; readonly updated_at: string } & {
        readonly [K in keyof F as Column<K, F[K]> & string]: Stored<F[K]>;
      }
    : never;

type Given<X> = X extends { readonly type: 'integer' }
  ? number
  : X extends { readonly type: 'boolean' }
    ? boolean
    : string;

/** What a request that makes such an object holds. */
export type Create<R> =
  R extends Resource<infer F, infer P> ? { uuid?: string } & Parameters<F> & Parameters<P> : never;

type Parameters<F> = { [K in keyof F as IsOptional<F[K]> extends true ? never : K]: Given<F[K]> } & {
  [K in keyof F as IsOptional<F[K]> extends true ? K : never]?: Given<F[K]>;
};

/** What a request that changes such an object holds. */
export type Update<R> =
  R extends Resource<infer F, infer _P>
    ? { [K in keyof F as F[K] extends { readonly immutable: true } ? never : K]?: Given<F[K]> }
    : never;

/** A field's column: `network_uuid` is kept as `network_id`. */
export function columnOf(name: string, field: { readonly type: string }): string {
  return field.type === 'reference' ? name.replace(/_uuid$/, '_id') : name;
}

/** The parameters that a request to make one may hold, in order: the fields that are not derived, then what is made along with it. */
export function parametersOf(declared: Pick<Resource, 'fields' | 'parameters'>): NamedFields {
  return remembered(parameters, declared, () => {
    const own = fieldsOf(declared).filter(([, field]) => field.derived !== true);
    return [...own, ...Object.entries((declared.parameters ?? {}) as Record<string, Field>)];
  });
}

/** What a request that removes an object of its own may hold. */
export function removalOptionsOf({ removal = {} }: Pick<Resource, 'removal'>): NamedFields {
  return Object.entries({ ...removal, ...removalOptions } as Record<string, Field>);
}

/** Taken by every request that removes an object of its own. */
const removalOptions = {
  dry_run: boolean({ default: false, doc: 'Only list what would go with it.' }),
  cascade: boolean({ default: true, doc: 'Remove what refers to it too; where false, refuse to remove what is used.' }),
};

/** The parameters by which a request may say what to remove, where that has no uuid: optional but for those that must be named. */
export function removalParametersOf(declared: Resource): NamedFields {
  const { nested } = declared;
  return parametersOf(declared)
    .filter(([name]) => !nested || name !== parentField(nested))
    .map(([name, field]) => [name, { ...field, optional: !nested?.removedBy?.includes(name) }]);
}

/** The fields of a resource, in order, as what shared code needs of them. */
export function fieldsOf(declared: { readonly fields: unknown }): NamedFields {
  return remembered(fields, declared, () => Object.entries(declared.fields as Record<string, Field>));
}

type NamedFields = readonly [name: string, field: Field][];

/** Lists are made once for each declaration: they are asked for with every row. */
const fields = new WeakMap<object, NamedFields>();
const parameters = new WeakMap<object, NamedFields>();

function remembered(lists: WeakMap<object, NamedFields>, declared: object, make: () => NamedFields): NamedFields {
  const known = lists.get(declared);
  if (known) return known;
  const made = make();
  lists.set(declared, made);
  return made;
}
