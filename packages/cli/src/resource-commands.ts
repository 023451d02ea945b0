import type { List } from '@openvnet/client';
import {
  actionsOf,
  commandOn,
  dashed,
  type Field,
  fieldsOf,
  type Kind,
  type ObjectStatus,
  parametersOf,
  type Resource,
  resourceOf,
} from '@openvnet/model';
import type { Command, Option } from 'commander';
import { type Context, contextOf, forEach, waitUntilRealised } from './context.ts';
import { delCommand } from './del-command.ts';
import { UsageError } from './failure.ts';
import {
  changeable,
  declareIgnored,
  declareObsolete,
  declareParameters,
  isNumber,
  LooseOption,
  readParameters,
  requireParameters,
  UuidOption,
} from './options.ts';
import {
  betweenAnswers,
  columnsOf,
  fieldsForPeople,
  type Io,
  isForPeople,
  record,
  table,
  type Values,
  write,
} from './output.ts';
import { statusText } from './status-text.ts';

/** `vnctl networks add|modify|show|del`, from the declaration of the resource. */
export function addResourceCommands(root: Command, kind: Kind, io: Io): Command {
  const declared = resourceOf(kind);
  const group = root.command(declared.plural).alias(kind).description(declared.doc).helpGroup('Resources:');
  addCommand(group, kind, declared, io);
  if (changeable(declared).length > 0 || declared.emptyChange) modifyCommand(group, kind, declared, io);
  showCommand(group, kind, declared, io);
  delCommand(group, kind, declared, io);
  for (const name of Object.keys(actionsOf(declared))) {
    if (name === 'rename') renameCommand(group, kind, io);
    else actionCommand(group, kind, name, io);
  }
  return group;
}

function actionCommand(group: Command, kind: Kind, name: string, io: Io): void {
  const { doc, parameters: fields, needsOne, answers } = actionsOf(resourceOf(kind))[name]!;
  const command = group
    .command(name)
    .description(doc)
    .argument('<uuid>', `The ${kind.replaceAll('_', ' ')}.`);
  const parameters = declareParameters(command, Object.entries(fields as Record<string, Field>));
  command.addOption(waitOption()).action(async (uuid: string) => {
    const given = readParameters(command, parameters);
    requireParameters({}, given, parameters);
    if (needsOne && Object.keys(given).length === 0) {
      const options = parameters.map((one) => `--${dashed(one.name)} ${one.field.placeholder}`);
      throw new UsageError(`${options.join(' or ')} is missing`);
    }
    const context = await contextOf(command, io);
    const object = await context.client.of(kind).act(uuid, name, given);
    await finish(context, command, { kind: answers as Kind, declared: resourceOf(answers), object });
  });
}

/** `vnctl networks rename OLD NEW`; as the original has it, the names may be options too. */
function renameCommand(group: Command, kind: Kind, io: Io): void {
  const declared = resourceOf(kind);
  const { doc } = actionsOf(declared).rename!;
  const command = group
    .command('rename')
    .description(doc)
    .argument('[uuid]', 'Its name.')
    .argument('[new_uuid]', `Its new name, beginning with ${declared.idPrefix}-.`);
  for (const name of ['--uuid', '--new-uuid']) command.addOption(new UuidOption(`${name} <UUID>`, '', kind).hideHelp());
  command.addOption(waitOption()).action(async (...names: (string | undefined)[]) => {
    const options = command.opts<{ uuid?: string; newUuid?: string }>();
    const [uuid = options.uuid, given] = names;
    const new_uuid = given ?? options.newUuid;
    if (uuid === undefined || new_uuid === undefined) {
      throw new UsageError(`two names are needed: ${commandOn(kind, 'rename', 'UUID', 'NEW_UUID')}`);
    }
    const context = await contextOf(command, io);
    const object = await context.client.of(kind).act(uuid, 'rename', { new_uuid });
    await finish(context, command, { kind, declared, object });
  });
}

function addCommand(group: Command, kind: Kind, declared: Resource, io: Io): void {
  const command = group.command('add').description(`Creates one. ${declared.doc}`);
  command.option('--uuid <UUID>', `The uuid, beginning with ${declared.idPrefix}-; random if not given.`);
  const parameters = declareParameters(command, parametersOf(declared));
  declareObsolete(command, declared, noteTo(io));
  command.addOption(waitOption()).action(async () => {
    const given = readParameters(command, parameters);
    requireParameters(declared, given, parameters);
    const context = await contextOf(command, io);
    const { uuid } = command.opts<{ uuid?: string }>();
    const made = await context.client.of(kind).create({ ...(uuid !== undefined && { uuid }), ...given });
    await finish(context, command, { kind, declared, object: made });
  });
}

function modifyCommand(group: Command, kind: Kind, declared: Resource, io: Io): void {
  const command = group.command('modify').description(`Changes one. ${declared.doc}`).argument('<uuid>', 'The uuid.');
  const parameters = declareParameters(command, changeable(declared));
  const { ignoredChanges = [] } = declared;
  const fixed = parametersOf(declared).filter(
    ([name]) => !ignoredChanges.includes(name) && !parameters.some((parameter) => parameter.name === name),
  );
  // Known, so that the answer is better than that they are not.
  for (const { options } of declareParameters(command, fixed)) for (const option of options) option.hideHelp();
  declareObsolete(command, declared, noteTo(io));
  declareIgnored(command, declared, noteTo(io));
  command.addOption(waitOption()).action(async (uuid: string) => {
    for (const [name] of fixed) {
      const long = `--${dashed(name)}`;
      if (command.options.some((option) => option.long === long && command.getOptionValue(option.attributeName()))) {
        throw new UsageError(`${long} cannot be changed: delete the ${kind} and add it again`);
      }
    }
    const values = readParameters(command, parameters);
    const context = await contextOf(command, io);
    const changed = await context.client.of(kind).update(uuid, values);
    await finish(context, command, { kind, declared, object: changed });
  });
}

function showCommand(group: Command, kind: Kind, declared: Resource, io: Io): void {
  const command = group
    .command('show')
    .aliases(['list', 'get', 'ls'])
    .description(`Lists all, or shows the given ones with their status. ${declared.doc}`)
    .argument('[uuid...]', 'The uuids.');
  const filters = declareParameters(command, filtersOf(declared));
  addPageOptions(command).action(async (uuids: readonly string[]) => {
    const context = await contextOf(command, io);
    if (uuids.length === 0) {
      const { client } = context;
      const answer = await everything(readPage(command), (page) =>
        client.of(kind).list({ ...page, ...readParameters(command, filters), ...withStatus(context, declared) }),
      );
      await writeList(context, declared, answer);
      return;
    }
    const { output } = context.settings;
    await forEach(context, uuids, async (uuid) => {
      const answer = await context.client.of(kind).get(uuid);
      if (uuid !== uuids[0]) io.out(betweenAnswers(output));
      await write(io, output, answer, (shown) => {
        if (output === 'name') return uuid;
        const fields = record(io, fieldsForPeople(declared, shown));
        return shown.status ? `${statusText(io, shown.status)}\n${fields}` : fields;
      });
    });
  });
}

/** Shows what was made or changed and, with `--wait`, waits until it is in effect. */
export async function finish(
  context: Context,
  command: Command,
  made: {
    kind: Kind;
    declared: Resource;
    object: Values;
    /** What the path says of it, which the answer does not repeat. */
    path?: Values;
    waitFor?: { kind: Kind; uuid: string };
  },
): Promise<void> {
  const { kind, declared, object, path, waitFor = { kind, uuid: String(object.uuid) } } = made;
  const { io, settings } = context;
  await write(io, settings.output, object, (shown) =>
    settings.output === 'name' && shown.uuid !== undefined
      ? String(shown.uuid)
      : record(io, fieldsForPeople(declared, { ...path, ...shown })),
  );
  const seconds = readWait(command);
  if (seconds !== undefined) await waitUntilRealised(context, waitFor, seconds);
}

/** The seconds of `--wait`, where it was given. */
export function readWait(command: Command): number | undefined {
  const { wait } = command.opts<{ wait?: string }>();
  if (wait === undefined) return undefined;
  if (!isNumber(wait)) throw new UsageError(`--wait ${JSON.stringify(wait)}: expected a number of seconds`);
  return Number(wait);
}

export async function writeList(
  { io, settings }: Context,
  declared: Resource,
  answer: List<Values>,
  plainKeys: readonly string[] = ['total_count', 'offset', 'limit'],
): Promise<void> {
  const forPeople = async ({ items, total_count, offset }: List<Values>): Promise<string> => {
    if (settings.output === 'name') return items.map(nameOf).join('\n');
    if (total_count === 0) return `there are no ${declared.plural.replaceAll('_', ' ')}`;
    const rows = await table(
      io,
      columnsOf(declared, settings.output === 'wide'),
      items.map((item) => ({ ...item, ...fieldsForPeople(declared, item), ...statusCell(item) })),
    );
    if (items.length === total_count) return rows;
    return `${rows}\n${items.length} of ${total_count}, from ${offset} on; --limit and --offset show others`;
  };
  await write(io, settings.output, answer, forPeople, plainKeys);
}

function statusCell({ status }: Values): Values {
  if (typeof status !== 'object' || status === null) return {};
  const { realised, waits_for } = status as ObjectStatus;
  return { status: realised ? 'in effect' : (waits_for[0] ?? 'not in effect') };
}

/** The columns and references by which a list can be narrowed. */
export function filtersOf(declared: Resource): [string, Field][] {
  return fieldsOf(declared).map(([name, field]) => {
    const { default: _, ...rest } = field;
    return [name, { ...rest, optional: true, doc: `Only objects with this ${name}. ${field.doc}` }];
  });
}

/** Asks for the status of each where people see a column of it. */
function withStatus({ settings }: Context, { summary }: Resource): { status?: boolean } {
  return isForPeople(settings.output) && summary?.includes('status') ? { status: true } : {};
}

/** What a program calls an item of a list by: its uuid, or that of what it leads to. */
function nameOf(item: Values): string {
  const [, name] = Object.entries(item).find(([key, value]) => /(^|_)uuid$/.test(key) && value !== null) ?? [];
  return String(name ?? item.id ?? '-');
}

/** One page where one is asked for; otherwise all that there is, page by page. */
export async function everything(
  asked: { limit?: number; offset?: number },
  list: (page: { limit: number; offset: number }) => Promise<List<Values>>,
): Promise<List<Values>> {
  const { limit = Number.POSITIVE_INFINITY, offset: first = 0 } = asked;
  const items: Values[] = [];
  for (;;) {
    const page = { limit: Math.min(mostAtOnce, limit - items.length), offset: first + items.length };
    const answer = await list(page);
    items.push(...answer.items);
    const isLast = answer.items.length < page.limit || items.length >= Math.min(limit, answer.total_count - first);
    if (isLast) return { ...answer, offset: first, limit: asked.limit ?? items.length, items };
  }
}

/** As many as the API gives in one answer. */
const mostAtOnce = 10_000;

export function addPageOptions(command: Command): Command {
  return command
    .option('--limit <NUMBER>', 'List at most this many; all by default.')
    .option('--offset <NUMBER>', 'Skip this many at the beginning.');
}

export function readPage(command: Command): { limit?: number; offset?: number } {
  const { limit, offset } = command.opts<{ limit?: string; offset?: string }>();
  const page = { limit, offset };
  for (const [name, value] of Object.entries(page)) {
    if (value !== undefined && !/^\d+$/.test(value)) {
      throw new UsageError(`--${name} ${JSON.stringify(value)}: expected a number`);
    }
  }
  return {
    ...(page.limit !== undefined && { limit: Number(page.limit) }),
    ...(page.offset !== undefined && { offset: Number(page.offset) }),
  };
}

export function waitOption(
  doc = 'Wait until the change is in effect, for at most this many seconds (10); then print what it waits for.',
): Option {
  return new LooseOption('--wait [SECONDS]', doc, { alone: '10', takes: isNumber });
}

export function noteTo(io: Io): (note: string) => void {
  return (note) => io.err(`vnctl: note: ${note}\n`);
}
