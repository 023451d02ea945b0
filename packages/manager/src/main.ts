/** The program `vnmgr`. */
import { ConfigError, declareOptions, logDestination, noteWork, readSettings, runProgram } from '@openvnet/settings';
import { restoreStore, StoreError } from '@openvnet/store';
import closeWithGrace from 'close-with-grace';
import { Command } from 'commander';
import { pino } from 'pino';
import { backup } from './backup.ts';
import { ListenError, managerOptions, startManager } from './index.ts';

const command = new Command('vnmgr').description(
  'The manager of OpenVNet: stores the registered objects, serves the API, and updates the agents.',
);
declareOptions(command, managerOptions);
command.configureHelp({ showGlobalOptions: true });
command.action(() => perform(serve));
command
  .command('backup')
  .description('Writes a copy of the store to a new file, also while the manager runs.')
  .argument('<file>', 'The file, which must not exist yet.')
  .action((file: string) => perform((settings) => backup(settings, file)));
command
  .command('restore')
  .description('Replaces the store by a copy, while no manager runs; the previous store is kept beside it.')
  .argument('<file>', 'The copy.')
  .action((file: string) => perform(({ store }) => restoreStore(file, store)));
await runProgram(command);

type Settings = Awaited<ReturnType<typeof settingsOf>>;

function settingsOf() {
  return readSettings(managerOptions, command.opts());
}

/** Does something; what can be foreseen is said in one sentence. */
async function perform(work: (settings: Settings) => Promise<void>): Promise<void> {
  try {
    await work(await settingsOf());
  } catch (error) {
    const expected = error instanceof ConfigError || error instanceof StoreError || error instanceof ListenError;
    process.stderr.write(`vnmgr: ${expected ? error.message : (error as Error).stack}\n`);
    process.exitCode = 1;
  }
}

async function serve({ logLevel, ...settings }: Settings): Promise<void> {
  const logger = pino({ level: logLevel, base: { program: 'vnmgr' } }, logDestination(pino.destination));
  const manager = await startManager({ ...settings, logger });
  noteWork();
  closeWithGrace({ delay: 5000, logger }, async ({ signal, err }) => {
    if (err) logger.error({ err }, 'unexpected error');
    logger.info({ signal }, 'ending');
    await manager.close();
  });
}
