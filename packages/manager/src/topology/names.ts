import { ApiError, type Kind, otherField, resourceOf } from '@openvnet/model';
import type { Given } from '../api/endpoint.ts';
import { isList, type Wanted, type WantedList } from './wanted.ts';

/** As changes are told. */
export function nameOf(one: Wanted): string {
  return isList(one) ? titleOf(one) : `${resourceOf(one.kind).plural} ${one.uuid}`;
}

export function titleOf({ kind, parentUuid }: WantedList): string {
  return `${resourceOf(kind).nested!.name} of ${parentUuid}`;
}

/** A child or relation, as people tell it from its neighbours. */
export function labelOf(kind: Kind, entry: Given): string {
  const { nested } = resourceOf(kind);
  const name = entry.uuid ?? (nested?.with && entry[otherField(nested)]);
  if (name) return String(name);
  return Object.entries(entry)
    .map(([parameter, value]) => `${parameter} ${value}`)
    .join(', ');
}

/** Says with each refusal what it is about. */
export async function naming<T>(object: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    const missing = error.kind === 'missingArgument' ? ' is missing' : '';
    throw new ApiError(error.kind, `${object}: ${error.message}${missing}`, { hint: error.hint, cause: error });
  }
}
