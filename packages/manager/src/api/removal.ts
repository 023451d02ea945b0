/** What goes along with an object that is removed: the objects that refer to it, and those that refer to them. */
import {
  ApiError,
  columnOf,
  commandOn,
  fieldsOf,
  type Kind,
  kinds,
  type RemovalAnswer,
  type RowOf,
  resourceOf,
} from '@openvnet/model';
import type { Reader } from '@openvnet/store';
import { mapInOrder } from '../in-order.ts';
import { valuesOf } from './name-of.ts';

/** Most objects that are named. */
const mostNamed = 1000;

/** What would go with an object. Its parts are what an answer for it shows inside, and what has no uuid of its own. */
export async function removalOf(reader: Reader, kind: Kind, row: RowOf<Kind>): Promise<RemovalAnswer> {
  const found = await goingWith(reader, kind, row.id);
  const own = Object.keys(resourceOf(kind).holds ?? {});
  const removes = await mapInOrder(found.slice(0, mostNamed), async (one) => ({
    kind: one.kind,
    uuid: one.row.uuid || null,
    part: !one.row.uuid || own.includes(resourceOf(one.kind).plural),
    says: (await valuesOf(reader, one.kind, one.row)).join(', '),
  }));
  return { uuid: row.uuid, removes, more: found.length - removes.length };
}

/** Refuses to remove what other objects need. */
export function requireUnused(kind: Kind, { uuid, removes, more }: RemovalAnswer): void {
  const needed = removes.filter(({ part }) => !part);
  if (needed.length === 0) return;
  const [first] = needed;
  const others = needed.length - 1 + more;
  const named = `${first!.uuid}${others > 0 ? ` and ${others} more` : ''}`;
  throw new ApiError('deleteRestriction', `${uuid} is used by ${named}`, {
    hint: `Use: ${commandOn(kind, 'del', uuid, '--dry-run')}`,
  });
}

interface Found {
  readonly kind: Kind;
  readonly row: RowOf<Kind>;
}

async function goingWith(reader: Reader, kind: Kind, id: number): Promise<Found[]> {
  const found = new Map<string, Found>();
  const open: { kind: Kind; id: number }[] = [{ kind, id }];
  for (let next = open.shift(); next; next = open.shift()) {
    for (const other of kinds) {
      for (const [name, field] of fieldsOf(resourceOf(other))) {
        if (field.to !== next.kind) continue;
        for (const row of await reader.find(other, { [columnOf(name, field)]: next.id })) {
          const key = `${other} ${row.id}`;
          if (found.has(key) || (other === kind && row.id === id)) continue;
          found.set(key, { kind: other, row });
          open.push({ kind: other, id: row.id });
        }
      }
    }
  }
  return [...found.values()];
}
