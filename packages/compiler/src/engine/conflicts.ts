import { features } from '../features/index.ts';
import type { Compiler } from './compiler.ts';
import { cookieIn, readCookie, type Wait, waiting } from './feature.ts';
import { type NamedObject, named, ownerOf } from './owners.ts';
import type { Relations } from './relations.ts';

/** Items whose flow another item has already, as waits of the objects they are of. */
export function* conflicts({ flows, relations }: Compiler): Generator<Wait> {
  for (const { winner, losers } of flows.conflicts()) {
    const holder = namedOwner(relations, winner);
    for (const loser of losers) {
      const owner = namedOwner(relations, loser);
      if (!owner || cookieIn(loser) === cookieIn(winner)) continue;
      const own = owner.kind === holder?.kind && owner.id === holder.id;
      const other = own ? 'another part of it' : (holder?.uuid ?? 'another object');
      const { kind, id } = owner;
      yield waiting(kind, id, `${other} to give way: both decide about the same packets`);
    }
  }
}

/** The object with a name that a flow is of. */
function namedOwner(relations: Relations, body: string): NamedObject | undefined {
  const { feature, item } = readCookie(cookieIn(body));
  const source = features.find(({ cookie }) => cookie === feature)?.source;
  const object = source && ownerOf(relations, source, item);
  return object && named(relations, object);
}
