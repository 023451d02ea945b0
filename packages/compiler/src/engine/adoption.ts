/**
 * What an agent finds out by itself and keeps in rows of the switch: an agent that starts where another has been reads the
 * rows back from the flows that were made of them. The feature that makes the flows says how.
 */
import { decodeFlow, type FlowFilter } from '@openvnet/openflow';
import { DecodeError } from '@openvnet/wire';
import { type TableName, tableNumbers } from '../pipeline/tables.ts';
import { cookieIn, cookieOf, readCookie } from './feature.ts';
import type { LocalRows } from './relations.ts';
import type { AnyFeature } from './stages.ts';

/** Which flows of a feature stand for rows of the agent's own. */
export function adoptedFlows(
  features: readonly AnyFeature[],
  into: keyof LocalRows,
): FlowFilter & { readonly table: number; readonly cookie: bigint } {
  const { adopts, cookie } = adopterOf(features, into);
  return { table: tableNumbers[adopts.table], cookie: cookieOf(cookie, 0), cookie_mask: cookieOf(0xff, 0) };
}

/** The rows that flows of a switch were made of. What cannot be read is not one of ours. */
export function adoptedRows<N extends keyof LocalRows>(
  features: readonly AnyFeature[],
  into: N,
  installed: ReadonlyMap<string, string>,
): LocalRows[N][] {
  const { adopts, cookie } = adopterOf(features, into);
  const table = tableNumbers[adopts.table];
  const rows: LocalRows[N][] = [];
  for (const [key, body] of installed) {
    if (body.charCodeAt(0) !== cookie || key.charCodeAt(0) !== table) continue;
    try {
      const row = adopts.row(decodeFlow({ key, body }), readCookie(cookieIn(body)).item);
      if (row) rows.push(row as LocalRows[N]);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
    }
  }
  return rows;
}

interface Adopter {
  readonly adopts: NonNullable<AnyFeature['adopts']> & { readonly table: TableName };
  readonly cookie: number;
}

function adopterOf(features: readonly AnyFeature[], into: keyof LocalRows): Adopter {
  const found = features.find(({ adopts }) => adopts?.into === into);
  if (!found?.adopts) throw new RangeError(`no feature adopts ${into}`);
  return { adopts: found.adopts, cookie: found.cookie };
}
