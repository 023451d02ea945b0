import {
  ApiError,
  columnOf,
  commandOn,
  dashed,
  type Field,
  isPathUuid,
  isUuid,
  type Kind,
  nearest,
  parametersOf,
  type Resource,
  type RowOf,
  resourceOf,
  text,
} from '@openvnet/model';
import type { Reader } from '@openvnet/store';
import type { Given, Parameter } from './endpoint.ts';

/** The name that a request may give to a new object, as a parameter; none where objects of the kind have no uuid. */
export function uuidParameter({ idPrefix, uuidRequired = false }: Resource): Parameter[] {
  if (!idPrefix) return [];
  const doc = `The uuid, beginning with ${idPrefix}-; random if not given.`;
  return [{ name: 'uuid', field: text({ doc }), required: uuidRequired }];
}

/** Values as they are kept, by parameter; a reference is still the uuid that was given. */
export type Values = Record<string, unknown>;

/** The parameters of `fields` for a request that makes an object (`required` may be), or that changes one. */
export function parametersFor(fields: readonly [string, Field][], use: 'make' | 'change'): Parameter[] {
  return fields.map(([name, field]) => ({
    name,
    field,
    required: use === 'make' && !field.optional,
    clears: use === 'change' && canBeNone(field),
  }));
}

/** Whether a number or reference that was given may be taken away again. */
function canBeNone({ type, to, optional, default: initial, immutable }: Field): boolean {
  return (type === 'integer' || to !== undefined) && optional && initial === undefined && !immutable;
}

/** What was given, in the words of the declaration: older names and spellings are rewritten. */
export function inOurWords(declared: Resource, given: Given): Given {
  const renamed: Record<string, unknown> = { ...given };
  for (const [name, { aliases = [] }] of parametersOf(declared)) {
    for (const alias of aliases) if (isGiven(given[alias])) renamed[name] = given[alias];
  }
  return declared.prepare?.(renamed) ?? renamed;
}

/** Reads the declared parameters out of what was given, in order; throws `ApiError` at the first that cannot be taken. */
export function readParameters(parameters: readonly Parameter[], given: Given): Values {
  const values: Values = {};
  for (const { name, field, required, clears, takesNull } of parameters) {
    const value = given[name];
    if (value === null && takesNull !== undefined) {
      if (!takesNull)
        throw new ApiError('missingArgument', name, { hint: `${name}: expected a value, because it is required` });
      values[name] = field.default ?? null;
      continue;
    }
    if (clears && value === '') {
      values[name] = null;
      continue;
    }
    if (!isGiven(value)) {
      if (required) throw new ApiError('missingArgument', name);
      continue;
    }
    const read = field.read(value);
    if (read === undefined) throw refusedValue(field.explain(value, name));
    if (field.to) requireUuid(field.to, String(read), 'uuid');
    values[name] = read;
  }
  return values;
}

/** The uuid that a new object was given, if any. */
export function readOwnUuid(declared: Resource, given: Given): string | undefined {
  const { uuid } = given;
  if (!declared.idPrefix || !isGiven(uuid)) return undefined;
  return requireUuid(declared.kind, String(uuid), 'uuid');
}

/** Refuses a uuid in a path that can be none of its kind. */
export function requirePathUuid(kind: string, uuid: string, name: string): string {
  const { model, idPrefix = '' } = resourceOf(kind);
  if (isPathUuid(idPrefix, uuid)) return uuid;
  throw new ApiError('invalidUuid', `${model}#${name}: ${uuid}`, {
    hint: `${name}: expected ${idPrefix}- and what follows it. Use: ${listCommand(kind as Kind)}`,
  });
}

/** The object that a path names. */
export async function objectInPath<K extends Kind>(
  reader: Reader,
  kind: K,
  uuid: string,
  name = 'uuid',
): Promise<RowOf<K>> {
  requirePathUuid(kind, uuid, name);
  const found = await reader.byUuid(kind, uuid);
  if (found) return found;
  const near = await nearestUuid(reader, kind, uuid);
  const command = near === undefined ? listCommand(kind) : `${listCommand(kind)} ${near}`;
  throw unknown({ kind, named: `${name}: ${uuid}`, near, command });
}

/** Columns for the values: uuids of other objects become their ids. Throws where there is no such object. */
export async function resolveReferences(
  reader: Reader,
  fields: readonly [string, Pick<Field, 'type' | 'to'>][],
  values: Values,
): Promise<Values> {
  const columns: Values = {};
  for (const [name, field] of fields) {
    if (!(name in values)) continue;
    const value = values[name];
    columns[columnOf(name, field)] =
      field.to && value !== null ? await referredTo(reader, field.to as Kind, String(value), name) : value;
  }
  return columns;
}

/** The command that would add an object. */
export function addCommand(kind: string, options: string): string {
  return `${commandOn(kind, 'add')} ${options}`;
}

/** The command that would add the object with this uuid, with a word for each value that must be given. */
function addCommandFor(kind: Kind, uuid: string): string {
  const required = parametersOf(resourceOf(kind)).filter(([, { optional }]) => !optional);
  const options = required.map(([name, { placeholder, values }]) => `--${dashed(name)} ${values?.[0] ?? placeholder}`);
  return addCommand(kind, [`--uuid ${uuid}`, ...options].join(' '));
}

/** The command that lists the objects of a kind; what hangs below others is listed below `of`. */
export function listCommand(kind: Kind, of?: string): string {
  const { nested } = resourceOf(kind);
  if (!nested) return commandOn(kind, 'show');
  return commandOn(nested.of, dashed(nested.name), 'show', of ?? nested.of.toUpperCase());
}

/** An object cannot be made with the uuid of another one. */
export function duplicateUuid(kind: Kind, uuid: string): ApiError {
  return new ApiError('duplicateUuid', uuid, {
    hint: `Another ${inWords(kind)} has this uuid. Use: ${listCommand(kind)} ${uuid}`,
  });
}

/** What is to be removed was described by its values, and there is none such. */
export function nothingMatches(given: Given, command: string): ApiError {
  const message = `Couldn't find resource with parameters: ${JSON.stringify(given)}`;
  return new ApiError('unknownResource', message, { hint: `Use: ${command}` });
}

/** A kind as people say it: `route link`. */
export function inWords(kind: string): string {
  return kind.replaceAll('_', ' ');
}

async function referredTo(reader: Reader, kind: Kind, uuid: string, name: string): Promise<number> {
  const found = await reader.byUuid(kind, uuid);
  if (found) return found.id;
  const near = await nearestUuid(reader, kind, uuid);
  throw unknown({ kind, named: `${name}: ${uuid}`, near, command: addCommandFor(kind, uuid) });
}

/** The object of the kind whose uuid is most like one that does not exist; only so many are looked at. */
async function nearestUuid(reader: Reader, kind: Kind, uuid: string): Promise<string | undefined> {
  const rows = await reader.find(kind, {}, { limit: 2000 });
  return nearest(
    uuid,
    rows.map((row) => row.uuid),
  );
}

interface Unknown {
  readonly kind: Kind;
  readonly named: string;
  /** What was probably meant. */
  readonly near: string | undefined;
  readonly command: string;
}

function unknown({ kind, named, near, command }: Unknown): ApiError {
  const meant = near === undefined ? '' : ` Did you mean ${near}?`;
  return new ApiError('unknownUuid', `${resourceOf(kind).model}#${named}`, {
    hint: `There is no such ${inWords(kind)}.${meant} Use: ${command}`,
  });
}

function refusedValue({ message, hint }: { message: string; hint: string }): ApiError {
  return new ApiError('argument', message, { hint });
}

/** Refuses a uuid in a parameter that can be none of its kind. */
export function requireUuid(kind: string, uuid: string, name: string): string {
  const { model, idPrefix = '' } = resourceOf(kind);
  if (isUuid(idPrefix, uuid)) return uuid;
  const shown = uuid.length > 80 ? `${uuid.slice(0, 80)}…` : uuid;
  throw new ApiError('invalidUuid', `${model}#${name}: ${shown}`, {
    hint: `${name}: expected ${idPrefix}- and 1 to 63 of a-z, 0-9 and -, with no - at either end. Use: ${listCommand(kind as Kind)}`,
  });
}

function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null;
}
