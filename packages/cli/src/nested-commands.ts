import {
  dashed,
  type Field,
  type Kind,
  type Nested,
  otherField,
  parametersOf,
  parentField,
  type Resource,
  removalParametersOf,
  resourceOf,
} from '@openvnet/model';
import type { Command } from 'commander';
import { contextOf, forEach } from './context.ts';
import { UsageError } from './failure.ts';
import { declareObsolete, declareParameters, readParameters, requireParameters } from './options.ts';
import { fieldsForPeople, type Io, record, write } from './output.ts';
import {
  addPageOptions,
  everything,
  filtersOf,
  finish,
  noteTo,
  readPage,
  waitOption,
  writeList,
} from './resource-commands.ts';

/** `vnctl datapaths networks add|show|del`, `vnctl interfaces ports add|show|del`. */
export function addNestedCommands(parent: Command, kind: Kind, io: Io): void {
  const declared = resourceOf(kind);
  const nested = declared.nested!;
  if (nested.operations === 'list') {
    listing(parent.command(nested.name), kind, { declared, nested }, io);
    return;
  }
  const group = parent.command(nested.name).description(declared.doc);
  const singular = nested.name.replace(/s$/, '');
  if (singular !== nested.name) group.alias(singular);
  listing(group.command('show').aliases(['list', 'get', 'ls']), kind, { declared, nested }, io);
  if (nested.operations === 'set') {
    modifyCommand(group, kind, { declared, nested }, io);
    return;
  }
  addCommand(group, kind, { declared, nested }, io);
  delCommand(group, kind, { declared, nested }, io);
}

interface Declared {
  readonly declared: Resource;
  readonly nested: Nested;
}

function addCommand(group: Command, kind: Kind, { declared, nested }: Declared, io: Io): void {
  const command = group.command('add').description(`Creates one. ${declared.doc}`);
  namesInPath(command, nested, nested.with ? '<uuid>' : '');
  if (declared.idPrefix) {
    const unlessGiven = declared.uuidRequired ? ' (required)' : '; made up where not given.';
    command.option('--uuid <UUID>', `Its name, beginning with ${declared.idPrefix}-${unlessGiven}`);
  }
  const parameters = declareParameters(command, ownParameters(declared, nested));
  declareObsolete(command, declared, noteTo(io));
  command.addOption(waitOption()).action(async (of: string, ...rest: unknown[]) => {
    const given = readParameters(command, parameters);
    const { uuid } = command.opts<{ uuid?: string }>();
    if (declared.uuidRequired && uuid === undefined)
      throw new UsageError(`--uuid UUID is missing: the uuid, beginning with ${declared.idPrefix}-`);
    requireParameters(declared, given, parameters);
    const context = await contextOf(command, io);
    const values = { ...(uuid !== undefined && { uuid }), ...given };
    const methods = context.client.nestedOf(kind);
    const object = await (nested.with ? methods.create(of, rest[0] as string, values) : methods.create(of, values));
    const path = { [parentField(nested)]: of, ...(nested.with && { [otherField(nested)]: rest[0] }) };
    // It has no state of its own: it is in effect when the object that it belongs to is.
    await finish(context, command, { kind, declared, object, path, waitFor: { kind: nested.of as Kind, uuid: of } });
  });
}

/** `vnctl interfaces networks modify IF NW --static`. */
function modifyCommand(group: Command, kind: Kind, { declared, nested }: Declared, io: Io): void {
  const command = group.command('modify').description(`Sets whether the relation is static. ${declared.doc}`);
  namesInPath(command, nested, '<uuid>');
  const parameters = declareParameters(command, ownParameters(declared, nested));
  command.addOption(waitOption()).action(async (of: string, other: string) => {
    const given = readParameters(command, parameters);
    const context = await contextOf(command, io);
    const object = await context.client.nestedOf(kind).set(of, other, given);
    const path = { [parentField(nested)]: of, [otherField(nested)]: other };
    await finish(context, command, { kind, declared, object, path, waitFor: { kind: nested.of as Kind, uuid: of } });
  });
}

/** `vnctl datapaths networks show DP`, `vnctl ip-lease-containers ip_leases ILC`. */
function listing(command: Command, kind: Kind, { declared, nested }: Declared, io: Io): void {
  command.description(`Lists all. ${declared.doc}`);
  namesInPath(command, nested, '');
  // A relation is listed as what is at its other end, unless it says otherwise.
  const others = nested.with && nested.lists !== 'relations';
  const listed = others ? resourceOf(nested.with!) : declared;
  const filters = declareParameters(command, filtersOf(listed));
  addPageOptions(command).action(async (of: string) => {
    const context = await contextOf(command, io);
    const { client } = context;
    const answer = await everything(readPage(command), (page) =>
      client.nestedOf(kind).list(of, { ...page, ...readParameters(command, filters) }),
    );
    await writeList(context, listed, answer, []);
  });
}

function delCommand(group: Command, kind: Kind, { declared, nested }: Declared, io: Io): void {
  const byUuid = Boolean(nested.with || declared.idPrefix);
  const which = byUuid
    ? ''
    : ` Deletes those that match the options${nested.removedBy ? '' : '; all without options'}.`;
  const command = group.command('del').alias('delete').description(`Removes them.${which} ${declared.doc}`);
  namesInPath(command, nested, byUuid ? '<uuid...>' : '');
  const { toldBy } = nested;
  if (toldBy) command.argument('[name...]', `The ${dashed(toldBy)} of each that goes.`);
  const parameters = byUuid ? [] : declareParameters(command, removalParametersOf(declared));
  command.action(async (of: string, others: unknown) => {
    const given = readParameters(command, parameters);
    requireParameters(declared, given, parameters);
    const context = await contextOf(command, io);
    const { output } = context.settings;
    const methods = context.client.nestedOf(kind);
    if (byUuid) {
      await forEach(context, others as readonly string[], async (other) => {
        const answer = await methods.remove(of, other);
        await write(io, output, answer, () => `${other} removed from the ${nested.name} of ${of}`);
      });
      return;
    }
    const names = toldBy ? ((others as readonly string[] | undefined) ?? []) : [];
    if (names.length > 0 && given[toldBy!] !== undefined) {
      throw new UsageError(`${names[0]} and --${dashed(toldBy!)} both say which: expected one of them`);
    }
    const which = names.length > 0 ? names.map((name) => ({ ...given, [toldBy!]: name })) : [given];
    await forEach(context, which, async (one) => {
      const answer = await methods.remove(of, one);
      await write(io, output, answer, (shown) => {
        const gone = Array.isArray(shown) ? shown : [shown];
        return gone.map((object) => record(io, fieldsForPeople(declared, object))).join('\n\n') || 'nothing matched';
      });
    });
  });
}

function namesInPath(command: Command, nested: Nested, other: string): void {
  command.argument(`<${nested.of}_uuid>`, `The ${nested.of}.`);
  if (other) command.argument(other, `The ${nested.with ?? nested.name}.`);
}

/** The parameters that are not names in the path. */
function ownParameters(declared: Resource, nested: Nested): [string, Field][] {
  const inPath = [parentField(nested), otherField(nested)];
  return parametersOf(declared).filter(([name]) => !inPath.includes(name));
}
