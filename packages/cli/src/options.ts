/**
 * Options of a command line, made from the fields of a resource. Everything that a command line may say in more than
 * one way is known here: flags with and without a value, older names, parameters that mean nothing any more.
 */
import { dashed, type Field, isPathUuid, type Kind, parametersOf, type Resource } from '@openvnet/model';
import { type Command, Option } from 'commander';
import { UsageError } from './failure.ts';

/** An option that can stand alone. `takes` says whether the next word is its value all the same. */
export class LooseOption extends Option {
  readonly alone: string;
  readonly takes: (next: string) => boolean;
  /** Whether `--no-...` gives `false`. */
  readonly negatable: boolean;

  constructor(
    flags: string,
    doc: string,
    loose: { alone: string; takes: (next: string) => boolean; negatable?: boolean },
  ) {
    super(flags, doc);
    this.alone = loose.alone;
    this.takes = loose.takes;
    this.negatable = loose.negatable ?? false;
  }
}

/** An option that takes a value of a field. */
export class ParameterOption extends Option {
  readonly field: Field;

  constructor(flags: string, doc: string, field: Field) {
    super(flags, doc);
    this.field = field;
  }
}

/** An option that takes the uuid of an object of a kind, and is no parameter of the API. */
export class UuidOption extends Option {
  readonly kind: Kind;

  constructor(flags: string, doc: string, kind: Kind) {
    super(flags, doc);
    this.kind = kind;
  }
}

/** A parameter of the API as an option, with the names it goes by. */
export interface Parameter {
  readonly name: string;
  readonly field: Field;
  readonly options: readonly Option[];
}

/** Declares the parameters to a command. Those in `without` are given otherwise: by the path, or not at all. */
export function declareParameters(command: Command, parameters: readonly [string, Field][]): Parameter[] {
  return parameters.map(([name, field]) => {
    const options = [name, ...(field.aliases ?? [])].map((spelling, index) => {
      const option = field.type === 'boolean' ? flag(spelling, field) : valued(spelling, field);
      if (index > 0) option.hideHelp();
      command.addOption(option);
      return option;
    });
    return { name, field, options };
  });
}

/** Takes the parameters that mean nothing any more, and says so where one is given. */
export function declareObsolete(command: Command, { obsolete, idPrefix }: Resource, say: (note: string) => void): void {
  declareIdle(command, { names: obsolete, idPrefix }, (option) =>
    say(`${option} has no meaning any more and is ignored`),
  );
}

/** Takes the options for a change that the original takes without effect, and says so where one is given. */
export function declareIgnored(
  command: Command,
  { kind, ignoredChanges, idPrefix }: Resource,
  say: (note: string) => void,
): void {
  const what = kind.replaceAll('_', ' ');
  declareIdle(command, { names: ignoredChanges, idPrefix }, (option) =>
    say(`${option} is ignored because it cannot be changed: delete the ${what} and add it again`),
  );
}

function declareIdle(
  command: Command,
  { names = [], idPrefix = '' }: { names?: readonly string[] | undefined; idPrefix?: string | undefined },
  given: (option: string) => void,
): void {
  const taken = new Set(command.options.map((option) => option.long));
  for (const name of names) {
    if (taken.has(`--${dashed(name)}`)) continue;
    const takes = (next: string): boolean => !next.startsWith('-') && !isPathUuid(idPrefix, next);
    const option = new LooseOption(`--${dashed(name)} [VALUE]`, '', { alone: '', takes, negatable: true }).hideHelp();
    option.argParser(() => given(`--${dashed(name)}`));
    command.addOption(option);
  }
}

/** What was given, by the API's names; older names as they were given. */
export function readParameters(command: Command, parameters: readonly Parameter[]): Record<string, string> {
  const given: Record<string, string> = {};
  for (const { name, field, options } of parameters) {
    for (const [index, option] of options.entries()) {
      const value = command.getOptionValue(option.attributeName()) as string | undefined;
      if (value === undefined) continue;
      // Nothing at all is for the API to take or refuse.
      if (field.type === 'integer' && value !== '' && !/^\s*[+-]?(0x[0-9a-f]+|0b[01]+|\d+)\s*$/i.test(value)) {
        throw new UsageError(`${option.long} ${JSON.stringify(value)}: expected a number`);
      }
      given[index === 0 ? name : field.aliases![index - 1]!] = value;
    }
  }
  return given;
}

/** Throws `UsageError` at the first parameter that must be given and is not. */
export function requireParameters(
  declared: Pick<Resource, 'prepare'>,
  given: Readonly<Record<string, string>>,
  parameters: readonly Parameter[],
): void {
  // In the words of the declaration, as the API reads them: a value may stand in for another parameter.
  const renamed: Record<string, unknown> = { ...given };
  for (const { name, field } of parameters) {
    for (const alias of field.aliases ?? []) if (given[alias] !== undefined) renamed[name] = given[alias];
  }
  const meant = declared.prepare?.(renamed) ?? renamed;
  for (const { name, field } of parameters) {
    if (field.optional || meant[name] !== undefined) continue;
    throw new UsageError(`--${dashed(name)} ${field.placeholder} is missing: ${field.doc}`);
  }
}

/** What can be changed once the object exists. */
export function changeable(declared: Resource): [string, Field][] {
  const own = parametersOf({ fields: declared.fields }).filter(([, field]) => !field.immutable);
  return [...own, ...parametersOf(declared).filter(([name]) => declared.changes?.includes(name))];
}

/** For options that take a number and have one without. */
export function isNumber(text: string): boolean {
  return /^\d+(\.\d+)?$/.test(text);
}

function flag(name: string, field: Field): Option {
  const takes = (next: string): boolean => /^(true|false|yes|no|[ytnf01])$/i.test(next);
  return new LooseOption(`--${dashed(name)} [true|false]`, describe(field), { alone: 'true', takes, negatable: true });
}

function valued(name: string, field: Field): Option {
  return new ParameterOption(`--${dashed(name)} <${field.placeholder}>`, describe(field), field);
}

function describe({ doc, optional, default: initial }: Field): string {
  if (initial !== undefined && initial !== '') return `${doc} Default: ${initial}.`;
  return optional ? doc : `${doc} (required)`;
}
