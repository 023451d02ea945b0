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
  parametersOf,
  parentField,
  type Resource,
  resourceOf,
  type TopologyChange,
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
    if (!kind) say([word], `there is no such resource. Resources: ${words.join(', ')}`);
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
 * Makes what is registered as a topology says: what is missing is made, what differs is changed, or made again where it cannot be
 * changed. What only `before` has, the topology of an earlier file, is removed. All else stays.
 */
export async function applyTopology(
  client: Client,
  topology: Topology,
  say: (line: string) => void,
  before: Topology = {},
): Promise<void> {
  const wanted = inOrder(topology);
  const names = new Set(wanted.map(({ values }) => values.uuid));
  const left = inOrder(before).filter(({ kind, values }) => !resourceOf(kind).nested && !names.has(values.uuid));
  let removed = 0;
  for (const { kind, values } of left.reverse()) if (await remove(client, kind, String(values.uuid))) removed++;
  const { changes } = await client.apply(topology, { replace: true }).catch((cause: unknown) => {
    if (!(cause instanceof ClientError) || cause.status === null) throw cause;
    throw new LabError(`the topology is refused: ${cause.inFull}`, { cause });
  });
  const count = (action: TopologyChange['action']): number => changes.filter((one) => one.action === action).length;
  const made = count('add');
  const counts = [
    [count('change'), 'changed'],
    [count('replace'), 'made again'],
    [removed + count('remove'), 'removed'],
    [wanted.length - made - count('change') - count('replace'), 'were there'],
  ] as const;
  const others = counts.filter(([number]) => number > 0).map(([number, what]) => `, ${number} ${what}`);
  say(`topology: ${made} objects made${others.join('')}`);
}

/** The network that a switch port is in, as the interfaces say; `undefined` if none does. */
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

/** Whether it was there. */
async function remove(client: Client, kind: Kind, uuid: string): Promise<boolean> {
  try {
    await client.of(kind).remove(uuid);
    return true;
  } catch (error) {
    if (error instanceof ClientError && error.status === 404) return false;
    throw error;
  }
}
