import { printableDeep } from '@openvnet/model';
import type { Command } from 'commander';
import { contextOf } from './context.ts';
import { ExitWith } from './exit-with.ts';
import { exitCodes, NotRealised } from './failure.ts';
import { counted, type Io, isForPeople, write } from './output.ts';
import { readWait, waitOption } from './resource-commands.ts';
import { waitsFor } from './status-text.ts';

/** `vnctl export`, `apply` and `diff`: a whole topology at once. */
export function addTopologyCommands(root: Command, io: Io): void {
  const exporting = root
    .command('export')
    .description('Prints all objects as one topology, in YAML, or in JSON with --output json.');
  exporting.action(async () => {
    const { client, settings } = await contextOf(exporting, io);
    await write(io, settings.output === 'json' ? 'json' : 'yaml', await client.export(), () => '');
  });

  const apply = withFile(root.command('apply'))
    .description(
      'Changes the registered objects to match a file, all in one transaction; if anything is refused, nothing changes.',
    )
    .option('--dry-run', 'Only show the changes.')
    .option(
      '--replace',
      'Replace objects if a field differs that cannot be changed, together with the objects that refer to them.',
    )
    .addOption(waitOption('Wait until every object of the file is in effect, for at most this many seconds (10).'));
  apply.action(async () => {
    const { dryRun = false } = apply.opts<{ dryRun?: boolean }>();
    await applyFile(apply, io, dryRun);
  });

  const diff = withFile(root.command('diff')).description('Shows what apply would change.');
  diff.action(() => applyFile(diff, io, true));
}

function withFile(command: Command): Command {
  return command
    .requiredOption('-f, --file <FILE>', 'The topology, in YAML or JSON; - reads standard input.')
    .option('--delete', 'Delete objects that the file does not contain.');
}

async function applyFile(command: Command, io: Io, dryRun: boolean): Promise<void> {
  const seconds = readWait(command);
  const { client, settings } = await contextOf(command, io);
  const { file, delete: remove = false, replace = false } = command.opts<FileOptions>();
  const { readTopologyFile } = await import('./topology/read.ts');
  const { changesText } = await import('./topology/text.ts');
  const topology = await readTopologyFile(file);
  const answer = await client.apply(topology, { dry_run: dryRun, delete: remove, replace });
  await write(io, settings.output, answer, (shown) => changesText(io, shown));
  if (dryRun && answer.changes.length > 0) throw new ExitWith(exitCodes.differs);
  if (seconds === undefined || dryRun) return;
  const unrealised = await client.waitForAll(topology, seconds);
  for (const { uuid, waits_for } of printableDeep(unrealised)) io.err(`${uuid}: ${waitsFor({ waits_for })}\n`);
  if (unrealised.length > 0) {
    throw new NotRealised(`${counted(unrealised.length, 'object')} of ${file} not in effect after ${seconds} s`);
  }
  if (isForPeople(settings.output)) io.out('all of it is in effect\n');
}

interface FileOptions {
  readonly file: string;
  readonly delete?: boolean;
  readonly replace?: boolean;
}
