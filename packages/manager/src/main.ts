/** The program `vnmgr`. */
import { ConfigError, declareOptions, logDestination, readSettings } from '@openvnet/model/config';
import { StoreError } from '@openvnet/store';
import closeWithGrace from 'close-with-grace';
import { Command } from 'commander';
import { pino } from 'pino';
import { ListenError, managerOptions, startManager } from './index.ts';

const command = new Command('vnmgr').description(
  'The manager of OpenVNet: keeps what is registered, serves API and agents.',
);
declareOptions(command, managerOptions);
command.parse();

try {
  const { logLevel, ...settings } = readSettings(managerOptions, command.opts());
  const logger = pino({ level: logLevel, base: { program: 'vnmgr' } }, logDestination(pino.destination));
  const manager = await startManager({ ...settings, logger });
  closeWithGrace({ delay: 5000, logger }, async ({ signal, err }) => {
    if (err) logger.error({ err }, 'unforeseen fault');
    logger.info({ signal }, 'ending');
    await manager.close();
  });
} catch (error) {
  const expected = error instanceof ConfigError || error instanceof StoreError || error instanceof ListenError;
  process.stderr.write(`vnmgr: ${expected ? error.message : (error as Error).stack}\n`);
  process.exitCode = 1;
}
