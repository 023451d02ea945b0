/** Lists are narrowed by any column or reference of what they list: `GET /interfaces?mode=vif`, `GET /routes?network_uuid=nw-a`. */
import { fieldsOf, type Kind, resourceOf } from '@openvnet/model';
import type { Reader } from '@openvnet/store';
import type { Given, Parameter } from './endpoint.ts';
import { pageParameters } from './page.ts';
import { inOurWords, readParameters, resolveReferences, uuidParameter, type Values } from './parameters.ts';

/** What a request for a list of a kind may hold: which part of it, and what its objects must be. */
export function listParameters(kind: Kind): Parameter[] {
  return [...pageParameters, ...filterParameters(kind)];
}

/** The columns that a request asks for, with their values. Throws where a value cannot be, or a reference leads nowhere. */
export async function wantedColumns(reader: Reader, kind: Kind, given: Given): Promise<Values> {
  const { prepare: _, ...declared } = resourceOf(kind);
  const read = readParameters(filterParameters(kind), inOurWords(declared, given));
  const { uuid } = read;
  return { ...(await resolveReferences(reader, fieldsOf(declared), read)), ...(uuid !== undefined && { uuid }) };
}

/** An empty value asks for objects that have none. */
function filterParameters(kind: Kind): Parameter[] {
  const declared = resourceOf(kind);
  const own = fieldsOf(declared).map(([name, field]) => {
    const clears = field.optional && field.default === undefined;
    return { name, field: { ...field, default: undefined }, required: false, clears };
  });
  return [...uuidParameter(declared).map((one) => ({ ...one, required: false })), ...own];
}
