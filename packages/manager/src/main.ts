/** The program `vnmgr`. */
import { ConfigError, declareOptions, logDestination, noteWork, readSettings } from '@openvnet/settings';
import { restoreStore, StoreError } from '@openvnet/store';
import closeWithGrace from 'close-with-grace';
import { Command } from 'commander';
import { pino } from 'pino';
import { backup } from './backup.ts';
import { ListenError, managerOptions, startManager } from './index.ts';

const command = new Command('vnmgr').description(
  'The manager of OpenVNet: keeps what is registered, serves API and agents.',
);
declareOptions(command, managerOptions);
command.configureHelp({ showGlobalOptions: true });
command.action(() => perform(serve));
command
  .command('backup')
  .description('Writes a copy of the store into a new file, also while the manager serves.')
  .argument('<file>', 'The file, which must not be there yet.')
  .action((file: string) => perform((settings) => backup(settings, file)));
command
  .command('restore')
  .description('Puts a copy in the place of the store, while no manager serves; the store stays beside it.')
  .argument('<file>', 'The copy.')
  .action((file: string) => perform(({ store }) => restoreStore(file, store)));
await command.parseAsync();

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
    if (err) logger.error({ err }, 'unforeseen fault');
    logger.info({ signal }, 'ending');
    await manager.close();
  });
}
