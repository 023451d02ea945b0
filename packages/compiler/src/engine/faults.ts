import type { Compiler } from './compiler.ts';
import { type Wait, waiting } from './feature.ts';
import { type NamedObject, named, ownerOf } from './owners.ts';
import type { Relations } from './relations.ts';
import type { Fault } from './unit.ts';

/** What cannot be computed, as waits of the objects concerned. */
export function* faultyObjects({ relations, faults }: Compiler): Generator<Wait> {
  for (const fault of faults) {
    const owner = objectOf(relations, fault);
    if (owner) yield waiting(owner.kind, owner.id, reasonOf(fault));
  }
}

/** What cannot be computed and is of no object, in words; undefined if there is no such fault. */
export function faultOfNobody({ relations, faults }: Compiler): string | undefined {
  for (const fault of faults)
    if (!objectOf(relations, fault)) return `${fault.by} cannot be computed: ${wordsOf(fault)}`;
  return undefined;
}

/** The object that an item is of. */
export function objectOf(
  relations: Relations,
  { source, item }: Pick<Fault, 'source' | 'item'>,
): NamedObject | undefined {
  const owner = ownerOf(relations, source, item);
  return owner && named(relations, owner);
}

function reasonOf(fault: Fault): string {
  return `a corrected program: ${fault.by} cannot be computed (${wordsOf(fault)}), and what it made before stays. Change or delete the object; the agent's log has the details`;
}

function wordsOf({ error }: Fault): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}
