/** `vna`: the agent of one host. */
import { declareOptions, logDestination, readSettings, runProgram } from '@openvnet/settings';
import closeWithGrace from 'close-with-grace';
import { Command } from 'commander';
import pino from 'pino';
import { Agent, agentSettings } from './index.ts';

const command = new Command('vna').description(
  'The agent of OpenVNet: makes the switches of this host behave as the manager says.',
);
declareOptions(command, agentSettings);
command.action(serve);
await runProgram(command);

async function serve(): Promise<void> {
  try {
    const { nodeId, logLevel, ...settings } = await readSettings(agentSettings, command.opts());
    const log = pino({ level: logLevel, base: { program: 'vna' } }, logDestination(pino.destination));
    const agent = new Agent({ ...settings, node: nodeId, log });
    await agent.start();
    closeWithGrace({ delay: 5000 }, async ({ err }) => {
      if (err) log.fatal({ err }, 'the agent ends because of an unexpected error; the switches keep their flows');
      await agent.close();
    });
  } catch (error) {
    process.stderr.write(`vna: ${(error as Error).message}\n`);
    process.exitCode = 1;
  }
}
