/**
 * The topology of a lab file: objects by resource, with the parameters of the API; what hangs below another object in
 * the API stands inside it. In which order they have to be made follows from what refers to what.
 */
import { type Client, ClientError } from '@openvnet/client';
import {
  type Field,
  inOneLine,
  type Kind,
  nestedIn as kindsBelow,
  kindsInOrder,
  otherField,
  parametersOf,
  parentField,
  type Resource,
  resourceOf,
  topKinds,
} from '@openvnet/model';
import { LabError } from './run.ts';

export type Values = Readonly<Record<string, unknown>>;
export type Topology = Readonly<Record<string, readonly Values[]>>;

/** One object to be made. */
interface Wanted {
  readonly kind: Kind;
  readonly values: Values;
}

/** Says of each name and value that the API would not take what is wrong, and where it stands. */
export function checkTopology(topology: Topology, say: (path: (string | number)[], message: string) => void): void {
  const words = topKinds.map((kind) => resourceOf(kind).plural);
  for (const [word, objects] of Object.entries(topology)) {
    const kind = topKinds.find((known) => resourceOf(known).plural === word);
    if (!kind) say([word], `there is no such resource; there are ${words.join(', ')}`);
    else for (const [index, object] of objects.entries()) checkObject(kind, object, [word, index], say);
  }
}

/** Every object, those that others refer to first. */
export function inOrder(topology: Topology): Wanted[] {
  const all = topKinds.flatMap((kind) =>
    (topology[resourceOf(kind).plural] ?? []).flatMap((object) => flatten(kind, object)),
  );
  return kindsInOrder().flatMap((kind) => all.filter((wanted) => wanted.kind === kind));
}

/**
 * Makes what is not there yet. An object that is there and equal stays; one that is there and different is an error that
 * names it and its first difference.
 */
export async function applyTopology(client: Client, topology: Topology, say: (line: string) => void): Promise<void> {
  let made = 0;
  let there = 0;
  for (const wanted of inOrder(topology)) {
    if (await isThere(client, wanted)) there++;
    else {
      await make(client, wanted);
      made++;
    }
  }
  say(`topology: ${made} objects made${there > 0 ? `, ${there} were there` : ''}`);
}

/** Waits until all objects are in effect, as of the last change; gives those that are not, with what they wait for. */
export async function waitForTopology(
  client: Client,
  topology: Topology,
  seconds: number,
): Promise<{ uuid: string; waitsFor: readonly string[] }[]> {
  const deadline = performance.now() + seconds * 1000;
  const unrealised: { uuid: string; waitsFor: readonly string[] }[] = [];
  for (const { kind, values } of inOrder(topology)) {
    if (resourceOf(kind).nested) continue;
    const uuid = String(values.uuid);
    const left = Math.max(0, (deadline - performance.now()) / 1000);
    const { realised, waits_for: waitsFor } = await client.waitFor(kind, uuid, { seconds: left });
    if (!realised) unrealised.push({ uuid, waitsFor });
  }
  return unrealised;
}

/** The network that a switch port is in, as the interfaces say; `undefined` where none does. */
export function networkOfPort({ interfaces = [] }: Topology, port: string): string | undefined {
  const found = interfaces.find(({ uuid, port_name: name = uuid }) => name === port);
  return found && String(found.network_uuid);
}

/** Kinds that a lab file may have inside a kind: those that are made, and not what follows from others. */
function nestedIn(kind: Kind): Kind[] {
  return kindsBelow(kind).filter((other) => resourceOf(other).nested?.operations !== 'list');
}

function flatten(kind: Kind, object: Values): Wanted[] {
  const inside = nestedIn(kind);
  const own = Object.entries(object).filter(
    ([name]) => !inside.some((other) => resourceOf(other).nested!.name === name),
  );
  const below = inside.flatMap((other) => {
    const { nested } = resourceOf(other);
    const objects = (object[nested!.name] ?? []) as readonly Values[];
    return objects.map((values) => ({ kind: other, values: { ...values, [parentField(nested!)]: object.uuid } }));
  });
  return [{ kind, values: Object.fromEntries(own) }, ...below];
}

function checkObject(
  kind: Kind,
  object: Values,
  path: (string | number)[],
  say: (path: (string | number)[], message: string) => void,
): void {
  const declared = resourceOf(kind);
  const inside = nestedIn(kind);
  if (!declared.nested && typeof object.uuid !== 'string')
    say(path, `uuid is missing: each of ${declared.plural} needs a name`);
  for (const [name, value] of Object.entries(object)) {
    const below = inside.find((other) => resourceOf(other).nested!.name === name);
    if (name === 'uuid' || declared.obsolete?.includes(name)) continue;
    if (below) {
      if (!Array.isArray(value)) say([...path, name], 'expected a list');
      else for (const [index, part] of value.entries()) checkObject(below, part ?? {}, [...path, name, index], say);
      continue;
    }
    const field = fieldNamed(declared, name);
    if (!field)
      say(
        [...path, name],
        `${declared.plural} have no such parameter; there are ${namesOf(declared, inside).join(', ')}`,
      );
    else if (field[1].read(value) === undefined) say([...path, name], inOneLine(field[1].explain(value, name)));
  }
}

function namesOf(declared: Resource, inside: readonly Kind[]): string[] {
  const parts = inside.map((kind) => resourceOf(kind).nested!.name);
  return ['uuid', ...parametersOf(declared).map(([name]) => name), ...parts];
}

function fieldNamed(declared: Resource, name: string): [string, Field] | undefined {
  return parametersOf(declared).find(([known, { aliases = [] }]) => known === name || aliases.includes(name));
}

async function isThere(client: Client, { kind, values }: Wanted): Promise<boolean> {
  const declared = resourceOf(kind);
  const { nested } = declared;
  if (nested) {
    const { items } = await client.nestedOf(kind).list(String(values[parentField(nested)]), { limit: 10_000 });
    if (nested.with && nested.lists !== 'relations')
      return items.some(({ uuid }) => uuid === values[otherField(nested)]);
    if (nested.with) {
      // Such relations are shown with the number of the other object.
      const other = await client.of(nested.with).get(String(values[otherField(nested)]));
      const column = otherField(nested).replace(/_uuid$/, '_id');
      return items.some((item) => item[column] === other.id && difference(declared, values, item) === undefined);
    }
    return items.some((item) => difference(declared, values, item) === undefined);
  }
  const existing = await client
    .of(kind)
    .get(String(values.uuid))
    .catch((error: unknown) => {
      if (error instanceof ClientError && error.status === 404) return undefined;
      throw error;
    });
  if (!existing) return false;
  const found = difference(declared, values, existing);
  if (found === undefined) return true;
  throw new LabError(`${values.uuid} is there already and is different: ${found}; remove it or choose another uuid`);
}

async function make(client: Client, { kind, values }: Wanted): Promise<void> {
  const { nested } = resourceOf(kind);
  try {
    if (!nested) {
      await client.of(kind).create(values);
      return;
    }
    const ofName = parentField(nested);
    const withName = otherField(nested);
    const { [ofName]: of, [withName]: other, ...rest } = values;
    const methods = client.nestedOf(kind);
    if (nested.operations === 'set') await methods.set(String(of), String(other), rest);
    else await (nested.with ? methods.create(String(of), String(other), rest) : methods.create(String(of), rest));
  } catch (cause) {
    if (!(cause instanceof ClientError) || cause.status === null) throw cause;
    const name = values.uuid ?? `${nested?.name} of ${nested && values[parentField(nested)]}`;
    throw new LabError(`${name} is refused: ${cause.inFull}`, { cause });
  }
}

/** The first parameter that is not as wanted, in words; parameters that the answer does not show are taken as equal. */
function difference(declared: Resource, wanted: Values, existing: Values): string | undefined {
  const renamed: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(wanted)) renamed[fieldNamed(declared, name)?.[0] ?? name] = value;
  const meant = declared.prepare?.(renamed) ?? renamed;
  for (const [name, field] of parametersOf(declared)) {
    const [want, have] = [meant[name], existing[name]];
    if (want === undefined || have === undefined) continue;
    const [read, shown] = [field.read(want), field.read(have)];
    if (read === undefined || read !== shown) return `${name} is ${have} and not ${want}`;
  }
  return undefined;
}
