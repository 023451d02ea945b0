import { columnOf, fieldsOf, type Kind, type RowOf, resourceOf } from '@openvnet/model';
import type { Transaction } from '@openvnet/store';
import type { Given, Json } from '../api/endpoint.ts';
import { type InPath, insertIn, type Writing } from '../api/resource-endpoints.ts';
import type { Wanted } from './wanted.ts';

/** What happens while a topology is applied. */
export interface Progress extends Writing {
  readonly replaces: boolean;
  readonly wanted: readonly Wanted[];
  /** What was made in this transaction. */
  readonly made: Set<string>;
  /** What went with objects that were made again, and the topology does not say itself. */
  readonly again: Wanted[];
  /** By the names under which changes are told: everything that went. */
  readonly gone: Set<string>;
}

/** Makes an object as given: with no value for a field that is given as null, also where one would be found for it. */
export async function insertAsGiven(writing: Writing, kind: Kind, given: Given, inPath?: InPath): Promise<void> {
  await empty(writing.tx, kind, await insertIn(writing, kind, given, inPath), given);
}

/** Takes the values away that were found for fields which are to have none. */
export async function empty(tx: Transaction, kind: Kind, row: RowOf<Kind>, given: Given): Promise<void> {
  const filled = fieldsOf(resourceOf(kind)).filter(
    ([name, field]) =>
      given[name] === null && field.optional && (row as unknown as Json)[columnOf(name, field)] != null,
  );
  if (filled.length === 0) return;
  await tx.update(
    kind,
    row.id,
    Object.fromEntries(filled.map(([name, field]) => [columnOf(name, field), null])) as never,
  );
}
