import { commandOn, type Kind, type RemovalAnswer, type Resource, removalOptionsOf } from '@openvnet/model';
import type { Command } from 'commander';
import { type Context, contextOf, forEach } from './context.ts';
import { ExitWith } from './exit-with.ts';
import { exitCodes } from './failure.ts';
import { declareParameters, readParameters } from './options.ts';
import { counted, type Io, isForPeople, write } from './output.ts';

/** Objects that are named, of those that go with one. */
const mostNamed = 20;

/**
 * `vnctl networks del`: on a terminal it lists what else would go, and asks; elsewhere that goes too, and is named.
 */
export function delCommand(group: Command, kind: Kind, declared: Resource, io: Io): void {
  const command = group
    .command('del')
    .alias('delete')
    .description(`Deletes the given ones, and what refers to them. ${declared.doc}`)
    .argument('<uuid...>', 'The uuids.')
    .option('--yes', 'Do not ask.');
  const parameters = declareParameters(command, removalOptionsOf(declared));
  const own = parameters.filter(({ name }) => Object.hasOwn(declared.removal ?? {}, name));
  command.action(async (uuids: readonly string[]) => {
    const context = await contextOf(command, io);
    const options = readParameters(command, parameters);
    for (const { name, field } of own) if (options[name] === 'true') io.err(`${field.doc}\n`);
    await forEach(context, uuids, (uuid) =>
      removeOne(context, kind, uuid, { options, asks: command.opts<{ yes?: boolean }>().yes !== true }),
    );
  });
}

interface How {
  readonly options: Readonly<Record<string, string>>;
  /** Whether somebody who is there is asked. */
  readonly asks: boolean;
}

async function removeOne(context: Context, kind: Kind, uuid: string, { options, asks }: How): Promise<void> {
  const { io, client, settings } = context;
  const collection = client.of(kind);
  const { output } = settings;
  const say = (answer: unknown, text: string): Promise<void> =>
    write(io, output, answer, () => (output === 'name' ? uuid : text));
  const cascades = options.cascade !== 'false';
  const isRehearsal = options.dry_run === 'true';
  const mayTell = isForPeople(output) && output !== 'name';
  let others: string[] = [];
  if (isRehearsal || (cascades && mayTell)) {
    const going = (await collection.remove(uuid, { ...options, dry_run: 'true' })) as RemovalAnswer;
    others = linesOf(going, isRehearsal);
    if (isRehearsal) {
      const named = others.length > 0 ? others : ['  nothing'];
      const command = commandOn(kind, 'del', uuid);
      return say(going, [`${uuid} would be deleted, and with it:`, ...named, `Use: ${command}`].join('\n'));
    }
  }
  if (others.length > 0 && asks && io.ask) {
    io.out(`With ${uuid} these would be deleted:\n${others.join('\n')}\n`);
    if (!(await io.ask(`Delete ${uuid} and all of these? [y/N] `)))
      throw new ExitWith(exitCodes.refused, `${uuid} was not deleted`);
  }
  const answer = await collection.remove(uuid, options);
  await say(answer, [`${uuid} deleted${others.length > 0 ? ', and with it:' : ''}`, ...others].join('\n'));
}

/** A line for each object that goes; parts of the object are named where somebody asks for everything. */
function linesOf({ removes, more }: RemovalAnswer, withParts: boolean): string[] {
  const shown = removes.filter(({ part }) => withParts || !part);
  const named = shown
    .slice(0, mostNamed)
    .map(({ kind, uuid, says }) => `  ${[kind.replaceAll('_', ' '), uuid, `(${says})`].filter(Boolean).join(' ')}`);
  const left = shown.length - named.length + more;
  return left > 0 ? [...named, `  and ${counted(left, 'more object')}`] : named;
}
