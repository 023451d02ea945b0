/** `openvnet`: manager and agent in one process, for one machine. */
import { Agent, agentSettings } from '@openvnet/agent';
import { managerOptions, startManager } from '@openvnet/manager';
import { declareOptions, logDestination, readSettings, runProgram } from '@openvnet/settings';
import closeWithGrace from 'close-with-grace';
import { Command } from 'commander';
import pino from 'pino';

const { manager: _, ...agentOnly } = agentSettings;
const options = { ...agentOnly, ...managerOptions };
const command = new Command('openvnet').description('Manager and agent in one process: networks of one machine.');
declareOptions(command, options);
command.action(serve);
await runProgram(command);

async function serve(): Promise<void> {
  try {
    const { logLevel, nodeId, ...settings } = await readSettings(options, command.opts());
    const destination = logDestination(pino.destination);
    const logger = (program: string): pino.Logger => pino({ level: logLevel, base: { program } }, destination);
    const manager = await startManager({ ...settings, logger: logger('vnmgr') });
    const log = logger('vna');
    const agent = new Agent({ ...settings, manager: manager.url, node: nodeId, log });
    try {
      await agent.start();
    } catch (error) {
      await manager.close();
      throw error;
    }
    closeWithGrace({ delay: 5000 }, async ({ err }) => {
      if (err) log.fatal({ err }, 'a fault ends the program; the switches go on as they are');
      await agent.close();
      await manager.close();
    });
  } catch (error) {
    process.stderr.write(`openvnet: ${(error as Error).message}\n`);
    process.exitCode = 1;
  }
}
