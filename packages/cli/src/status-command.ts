import type { Command } from 'commander';
import { type Context, contextOf } from './context.ts';
import { UsageError } from './failure.ts';
import { isNumber, LooseOption } from './options.ts';
import { type Io, write } from './output.ts';
import { systemText } from './status-text.ts';

/** `vnctl status [--watch]`. */
export function addStatusCommand(root: Command, io: Io): void {
  const status = root
    .command('status')
    .description('Shows manager, agents and datapaths, and objects that are not in effect.')
    .addOption(watchOption('Repeat every so many seconds (2).'))
    .option('--count <NUMBER>', 'End --watch after so many intervals.');
  status.action(async () => {
    const options = status.opts<{ watch?: string; count?: string }>();
    for (const [name, value] of Object.entries(options)) {
      if (!isNumber(value)) throw new UsageError(`--${name} ${JSON.stringify(value)}: expected a number`);
    }
    const context = await contextOf(status, io);
    if (options.watch === undefined) return showStatus(context);
    const most = options.count === undefined ? Number.POSITIVE_INFINITY : Number(options.count);
    for (let round = 0; round < most; round++) {
      if (round > 0) await new Promise((resolve) => setTimeout(resolve, Number(options.watch) * 1000));
      if (io.fancy) io.out(clearScreen);
      await showStatus(context);
    }
  });
}

export function watchOption(doc: string): LooseOption {
  return new LooseOption('-w, --watch [SECONDS]', doc, { alone: '2', takes: isNumber });
}

async function showStatus({ io, client, settings }: Context): Promise<void> {
  const answer = await client.status();
  await write(io, settings.output, answer, (shown) => systemText(io, shown));
}

const clearScreen = '\u001b[H\u001b[2J';
