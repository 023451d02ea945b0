import { columnOf, type Field, fieldsOf, type Kind, kinds, resourceOf } from '@openvnet/model';

/** The type of a column. SQLite stores booleans as 0 and 1. */
export type Cell = string | number | boolean | null;
export type AnyRow = { readonly id: number } & Readonly<Record<string, Cell>>;

export interface Column {
  readonly name: string;
  readonly type: 'integer' | 'text' | 'boolean';
  readonly nullable: boolean;
  /** The default value. */
  readonly initial: Cell;
  /** The kind of the object whose id the column holds. */
  readonly to?: Kind;
}

/** The table of one kind, from its declaration: the uuid, if it has one, then its fields. */
export interface Table {
  readonly kind: Kind;
  readonly name: string;
  readonly columns: readonly Column[];
  readonly booleans: readonly string[];
  /** Unique constraints. A row whose first column is null conflicts with none; later nulls are equal. */
  readonly unique: readonly (readonly string[])[];
  /** The columns of any kind that refer to rows of this one. */
  readonly referrers: readonly { readonly kind: Kind; readonly column: string }[];
}

export const tables: { readonly [K in Kind]: Table } = Object.fromEntries(
  kinds.map((kind) => [kind, tableOf(kind)]),
) as { [K in Kind]: Table };

function tableOf(kind: Kind): Table {
  const declared = resourceOf(kind);
  const columns = columnsOf(kind);
  return {
    kind,
    name: declared.plural,
    columns,
    booleans: columns.filter(({ type }) => type === 'boolean').map(({ name }) => name),
    unique: [...(declared.idPrefix ? [['uuid']] : []), ...(declared.unique ?? []).map((one) => one.columns)],
    referrers: kinds.flatMap((other) =>
      columnsOf(other)
        .filter(({ to }) => to === kind)
        .map(({ name }) => ({ kind: other, column: name })),
    ),
  };
}

function columnsOf(kind: Kind): Column[] {
  const declared = resourceOf(kind);
  const own = fieldsOf(declared).map(([name, field]) => column(columnOf(name, field), field));
  return declared.idPrefix ? [{ name: 'uuid', type: 'text', nullable: false, initial: null }, ...own] : own;
}

function column(name: string, field: Field): Column {
  return {
    name,
    type: field.column,
    nullable: field.optional && field.default === undefined,
    initial: (field.default ?? null) as Cell,
    ...(field.type === 'reference' && { to: field.to as Kind }),
  };
}
