import type { Command } from 'commander';
import { contextOf } from './context.ts';
import { ExitWith } from './exit-with.ts';
import { exitCodes } from './failure.ts';
import { type Io, write } from './output.ts';

/** `vnctl export`, `apply` and `diff`: a whole topology at once. */
export function addTopologyCommands(root: Command, io: Io): void {
  const exporting = root
    .command('export')
    .description('Writes everything that is registered as one topology, in YAML unless --output json.');
  exporting.action(async () => {
    const { client, settings } = await contextOf(exporting, io);
    await write(io, settings.output === 'json' ? 'json' : 'yaml', await client.export(), () => '');
  });

  const apply = withFile(root.command('apply'))
    .description('Makes what is registered as a file says: all of it, or nothing where something is refused.')
    .option('--dry-run', 'Only show what would change.');
  apply.action(async () => {
    const { dryRun = false } = apply.opts<{ dryRun?: boolean }>();
    await applyFile(apply, io, dryRun);
  });

  const diff = withFile(root.command('diff')).description('Shows what apply would change.');
  diff.action(() => applyFile(diff, io, true));
}

function withFile(command: Command): Command {
  return command
    .requiredOption('-f, --file <FILE>', 'The topology, in YAML or JSON; - is standard input.')
    .option('--delete', 'Remove what the file does not have.');
}

async function applyFile(command: Command, io: Io, dryRun: boolean): Promise<void> {
  const { client, settings } = await contextOf(command, io);
  const { file, delete: remove = false } = command.opts<{ file: string; delete?: boolean }>();
  const { readTopologyFile } = await import('./topology/read.ts');
  const { changesText } = await import('./topology/text.ts');
  const answer = await client.apply(readTopologyFile(file), { dry_run: dryRun, delete: remove });
  await write(io, settings.output, answer, (shown) => changesText(io, shown));
  if (dryRun && answer.changes.length > 0) throw new ExitWith(exitCodes.differs);
}
