import { OvsdbError } from './error.ts';

/**
 * A kind of column: its default value and how the value on the wire is read. If a column can hold many values,
 * `modify` applies a difference to `value`; otherwise the wire carries the new value.
 */
export interface Column<T> {
  readonly empty: () => T;
  readonly read: (wire: unknown) => T;
  readonly modify?: (value: T, difference: unknown) => T;
  /** The server does not store this column; after a restart it is missing until the switch daemon writes it again. */
  readonly ephemeral?: true;
}

/** Any column at all: `never` is what every `modify` takes. */
interface AnyColumn {
  readonly empty: () => unknown;
  readonly read: (wire: unknown) => unknown;
  readonly modify?: (value: never, difference: unknown) => unknown;
}

/** The monitored columns; the server sends no others. Names are those of the Open vSwitch schema. */
export const tables = {
  Open_vSwitch: { ovs_version: optional(text), next_cfg: integer(), cur_cfg: integer() },
  Bridge: {
    name: textColumn(),
    datapath_id: ephemeral(optional(text)),
    datapath_type: textColumn(),
    fail_mode: optional(text),
    controller: references(),
    ports: references(),
    external_ids: map(),
    other_config: map(),
  },
  Port: { name: textColumn(), interfaces: references(), vlan_mode: optional(text), trunks: numbers() },
  Interface: {
    name: textColumn(),
    type: textColumn(),
    ofport: optional(number),
    mac_in_use: ephemeral(optional(text)),
    link_state: ephemeral(optional(text)),
    admin_state: ephemeral(optional(text)),
    error: optional(text),
    external_ids: map(),
    options: map(),
  },
  Controller: { target: textColumn(), is_connected: ephemeral(truth()), status: ephemeral(map()) },
} as const satisfies Record<string, Record<string, AnyColumn>>;

type Tables = typeof tables;
export type TableName = keyof Tables;
/** A row of a table, with every column. */
export type Row<T extends TableName> = {
  [C in keyof Tables[T]]: Tables[T][C] extends Column<infer V> ? V : never;
};

/** The parameters of `monitor_cond`. RFC 7047, 4.1.5; ovsdb-server(7), 4.1.12. */
export const monitorRequests = Object.fromEntries(
  Object.entries(tables).map(([table, columns]) => [table, [{ columns: Object.keys(columns) }]]),
);

/** The elements of a set as encoded on the wire, where a single element is not wrapped. RFC 7047, 5.1. */
export function elements(wire: unknown): readonly unknown[] {
  return Array.isArray(wire) && wire[0] === 'set' && Array.isArray(wire[1]) ? wire[1] : [wire];
}

/** The uuid in an element of a set of references. */
export function uuidOf(wire: unknown): string {
  if (Array.isArray(wire) && wire[0] === 'uuid' && typeof wire[1] === 'string') return wire[1];
  throw unreadable('a uuid', wire);
}

function textColumn(): Column<string> {
  return { empty: () => '', read: text };
}

function truth(): Column<boolean> {
  return { empty: () => false, read: boolean };
}

function integer(): Column<number> {
  return { empty: () => 0, read: number };
}

/** At most one value. Its difference is the new value, because the maximum in the schema is one. */
function optional<T>(atom: (wire: unknown) => T): Column<T | undefined> {
  const read = (wire: unknown): T | undefined => {
    const [first] = elements(wire);
    return first === undefined ? undefined : atom(first);
  };
  return { empty: () => undefined, read };
}

/** Each state is a new set. */
function numbers(): Column<ReadonlySet<number>> {
  const read = (wire: unknown): ReadonlySet<number> => new Set(elements(wire).map(number));
  const modify = (value: ReadonlySet<number>, difference: unknown): ReadonlySet<number> => {
    const changed = new Set(value);
    for (const one of read(difference)) if (!changed.delete(one)) changed.add(one);
    return changed;
  };
  return { empty: () => new Set(), read, modify };
}

function ephemeral<T>(column: Column<T>): Column<T> {
  return { ...column, ephemeral: true };
}

/** The uuids of other rows. The set is changed in place, so that adding a port does not copy two thousand others. */
function references(): Column<Set<string>> {
  const modify = (value: Set<string>, difference: unknown): Set<string> => {
    for (const uuid of elements(difference).map(uuidOf)) if (!value.delete(uuid)) value.add(uuid);
    return value;
  };
  return { empty: () => new Set(), read: (wire) => new Set(elements(wire).map(uuidOf)), modify };
}

/** A map from text to text. Each state is a new object, so that it can be shared. */
function map(): Column<ReadonlyMap<string, string>> {
  const modify = (value: ReadonlyMap<string, string>, difference: unknown): ReadonlyMap<string, string> => {
    const changed = new Map(value);
    for (const [key, part] of pairs(difference)) {
      if (changed.get(key) === part) changed.delete(key);
      else changed.set(key, part);
    }
    return changed;
  };
  return { empty: () => new Map(), read: (wire) => new Map(pairs(wire)), modify };
}

function pairs(wire: unknown): [string, string][] {
  if (!Array.isArray(wire) || wire[0] !== 'map' || !Array.isArray(wire[1])) throw unreadable('a map', wire);
  return wire[1].map((pair: unknown) => {
    if (!Array.isArray(pair) || pair.length !== 2) throw unreadable('a pair', pair);
    return [text(pair[0]), text(pair[1])];
  });
}

function text(wire: unknown): string {
  if (typeof wire === 'string') return wire;
  throw unreadable('a string', wire);
}

function number(wire: unknown): number {
  if (typeof wire === 'number') return wire;
  throw unreadable('a number', wire);
}

function boolean(wire: unknown): boolean {
  if (typeof wire === 'boolean') return wire;
  throw unreadable('a boolean', wire);
}

function unreadable(expected: string, wire: unknown): OvsdbError {
  return new OvsdbError(`unreadable: ${expected} expected, not ${JSON.stringify(wire)?.slice(0, 80)}`);
}
