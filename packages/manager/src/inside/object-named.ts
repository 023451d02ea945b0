import { ApiError, type Kind, kinds, type RowOf, resourceOf } from '@openvnet/model';
import type { Reader } from '@openvnet/store';
import { objectInPath } from '../api/parameters.ts';

/** The object of any kind that a uuid names: what stands before the dash tells the kind. */
export async function objectNamed(reader: Reader, uuid: string): Promise<{ kind: Kind; row: RowOf<Kind> }> {
  const kind = kindOf(uuid);
  if (kind) return { kind, row: await objectInPath(reader, kind, uuid) };
  const known = kinds.flatMap((one) => resourceOf(one).idPrefix ?? []);
  throw new ApiError('invalidUuid', uuid, {
    hint: `Expected a uuid: they begin with ${known.join('-, ')}-. Use: vnctl status`,
  });
}

export function kindOf(uuid: string): Kind | undefined {
  const prefix = /^([a-z]+)-/.exec(uuid)?.[1];
  return prefix === undefined ? undefined : kinds.find((kind) => resourceOf(kind).idPrefix === prefix);
}
