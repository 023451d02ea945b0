import { ApiError, type Kind, kindsInOrder, nestedIn, parametersOf, resourceOf, topKinds } from '@openvnet/model';
import type { Given } from '../api/endpoint.ts';
import { perKind } from '../api/per-kind.ts';

/** What a topology says: an object of its own, or all that hangs below one, of a kind. */
export type Wanted =
  | { readonly kind: Kind; readonly given: Given; readonly uuid: string }
  | { readonly kind: Kind; readonly parent: Kind; readonly parentUuid: string; readonly entries: readonly Given[] };

export type WantedObject = Extract<Wanted, { readonly uuid: string }>;
export type WantedList = Extract<Wanted, { readonly entries: unknown }>;

export function isList(one: Wanted): one is WantedList {
  return 'entries' in one;
}

/** Everything that a topology says, in the order in which it can be made: what others refer to first. */
export function readTopology(topology: unknown): Wanted[] {
  if (!isObject(topology)) throw refused('topology', 'expected resources with a list of objects each');
  const all: Wanted[] = [];
  for (const [word, objects] of Object.entries(topology)) {
    const kind = topKinds.find((known) => resourceOf(known).plural === word);
    const words = topKinds.map((known) => resourceOf(known).plural);
    if (!kind) throw refused(word, `there is no such resource. Resources: ${words.join(', ')}`);
    if (objects === null) continue;
    if (!Array.isArray(objects)) throw refused(word, 'expected a list of objects');
    const places = new Map<unknown, number>();
    for (const [index, object] of objects.entries()) {
      all.push(...readObject(kind, object, `${word}[${index}]`));
      const { uuid } = object as { uuid: string };
      const before = places.get(uuid);
      if (before !== undefined)
        throw refused(`${word} ${uuid}`, `it occurs twice, as ${word}[${before}] and ${word}[${index}]`);
      places.set(uuid, index);
    }
  }
  const byKind = Map.groupBy(all, ({ kind }) => kind);
  return kindsInOrder().flatMap((kind) => byKind.get(kind) ?? []);
}

function refused(where: string, message: string): ApiError {
  return new ApiError('argument', `${where}: ${message}`);
}

function readObject(kind: Kind, object: unknown, where: string): Wanted[] {
  const { plural } = resourceOf(kind);
  if (!isObject(object)) throw refused(where, 'expected an object');
  const uuid = object.uuid;
  if (typeof uuid !== 'string') throw refused(where, `uuid is missing: each of ${plural} needs one`);
  const below: Wanted[] = [];
  const given: Record<string, unknown> = { ...object };
  for (const other of nestedIn(kind)) {
    const name = resourceOf(other).nested!.name;
    const entries = given[name];
    delete given[name];
    if (entries === undefined || entries === null) continue;
    if (!Array.isArray(entries) || !entries.every(isObject))
      throw refused(`${plural} ${uuid}`, `${name}: expected a list of objects`);
    for (const entry of entries) requireKnown(other, entry, `${plural} ${uuid}: ${name}`);
    below.push({ kind: other, parent: kind, parentUuid: uuid, entries });
  }
  requireKnown(kind, given, `${plural} ${uuid}`);
  return [{ kind, given, uuid }, ...below];
}

/** Refuses words that mean nothing: a mistake in one would otherwise go unseen. */
function requireKnown(kind: Kind, given: Given, where: string): void {
  const { names, known } = wordsOf(kind);
  const unknown = Object.keys(given).find((name) => !known.has(name));
  if (unknown) throw refused(where, `there is no parameter ${unknown}. Parameters: ${names.join(', ')}`);
}

const wordsOf = perKind((kind) => {
  const declared = resourceOf(kind);
  const parameters = parametersOf(declared);
  const names = ['uuid', ...parameters.map(([name]) => name)];
  const aliases = parameters.flatMap(([, { aliases = [] }]) => aliases);
  return { names, known: new Set([...names, ...aliases, ...(declared.obsolete ?? [])]) };
});

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
