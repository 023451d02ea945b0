import {
  columnOf,
  fieldsOf,
  type Kind,
  parametersOf,
  type RowOf,
  resourceOf,
  type TopologyChange,
} from '@openvnet/model';
import type { Transaction } from '@openvnet/store';
import type { Given, Json } from '../api/endpoint.ts';
import { inOurWords, parametersFor, readParameters, resolveReferences } from '../api/parameters.ts';
import { perKind } from '../api/per-kind.ts';
import { recordOf } from '../api/record.ts';
import { parameterOf } from './export.ts';

/** Parameters that are not as wanted. Those that answers do not show are taken as equal. */
export async function differences(
  tx: Transaction,
  kind: Kind,
  row: RowOf<Kind>,
  given: Given,
): Promise<TopologyChange['fields']> {
  const declared = resourceOf(kind);
  const parameters = comparedParameters(kind);
  const values = readParameters(parameters, inOurWords(declared, given));
  const columns = await resolveReferences(tx, parametersOf(declared), values);
  const own = new Set(fieldsOf(declared).map(([name]) => name));
  const found: Record<string, { from: unknown; to: unknown }> = {};
  if (declared.idPrefix && given.uuid !== undefined && given.uuid !== row.uuid)
    found.uuid = { from: row.uuid, to: given.uuid };
  let record: Json | undefined;
  for (const { name, field } of parameters) {
    const isEmptied = given[name] === null && own.has(name);
    if (!(name in values) && !isEmptied) continue;
    const wanted = isEmptied ? null : columns[columnOf(name, field as never)];
    const shown = parametersOf(declared).find(([known]) => known === name)![1];
    if (own.has(name)) {
      const stored = (row as unknown as Json)[columnOf(name, shown)] ?? null;
      if (stored === wanted) continue;
      // As they are shown: times are kept more exactly than anybody says them.
      const [from, to] = [await parameterOf(tx, shown, stored), await parameterOf(tx, shown, wanted)];
      if (from !== to) found[name] = { from, to };
      continue;
    }
    record ??= await recordOf(tx, kind, row);
    if (record[name] === undefined) continue;
    const to = await parameterOf(tx, shown, wanted);
    if (record[name] !== to) found[name] = { from: record[name], to };
  }
  return found;
}

const comparedParameters = perKind((kind) => parametersFor(parametersOf(resourceOf(kind)), 'change'));
