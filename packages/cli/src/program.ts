import { createRequire } from 'node:module';
import { kinds, resourceOf } from '@openvnet/model';
import { Command, CommanderError } from 'commander';
import { addBatchCommand } from './batch.ts';
import { complain } from './complain.ts';
import { addCompletionCommand } from './completion.ts';
import { ExitWith } from './exit-with.ts';
import { exitCodeOf, exitCodes, exitCodesHelp } from './failure.ts';
import { helpOf } from './helping.ts';
import { addInsideCommands } from './inside-commands.ts';
import { addLabCommands } from './lab-commands.ts';
import { addManCommand } from './man.ts';
import { addNestedCommands } from './nested-commands.ts';
import type { Io } from './output.ts';
import { addResourceCommands } from './resource-commands.ts';
import { addRouterCommand } from './router-command.ts';
import { type Output, outputs, readSettings } from './settings.ts';
import { addStatusCommand } from './status-command.ts';
import { addTopologyCommands } from './topology-commands.ts';
import { canonical } from './words.ts';

const { version } = createRequire(import.meta.url)('../package.json') as { version: string };

/** Runs a command line, without the words `node` and `vnctl`; returns the exit code. */
export async function runCommandLine(argv: readonly string[], io: Io): Promise<number> {
  const root = createProgram(io);
  let words = argv;
  try {
    words = canonical(argv, root);
    await root.parseAsync(words, { from: 'user' });
    return exitCodes.done;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return exitCodes.done;
    if (error instanceof CommanderError) {
      // Help that was shown for want of a command has said everything.
      if (error.code !== 'commander.help')
        io.err(`vnctl: ${parserMessage(error)}\nhint: Use: ${helpOf(words, root)}\n`);
      return exitCodes.usage;
    }
    await complain(io, await outputOf(root, io), error, helpOf(words, root));
    return error instanceof ExitWith ? error.code : exitCodeOf(error);
  }
}

/** The form in which a refusal is written; settings that cannot be read have been complained of. */
function outputOf(root: Command, io: Io): Promise<Output> {
  return readSettings(root.opts(), io.env).then(
    ({ output }) => output,
    () => 'table',
  );
}

export function createProgram(io: Io): Command {
  const root = new Command('vnctl')
    .description('Manages OpenVNet: registers objects, shows their status, and runs the lab.')
    .usage('RESOURCE COMMAND [argument...] [option...]')
    .option(
      '--api <URL>',
      'Address of the API; by default OPENVNET_API, the setting in vnctl.yaml, or http://127.0.0.1:9090.',
    )
    .version(version, '-V, --version', 'Show the version.')
    .option('--message <TEXT>', 'Reason for a change; the manager logs it with the change.')
    .option(
      '-o, --output <FORMAT>',
      `One of ${outputs.join(', ')}. wide has more columns, and name only uuids; json, yaml and yml print what the API answers, yml as the original does.`,
    )
    .addHelpText(
      'after',
      `${exitCodesHelp}\n\nSettings: ~/.config/openvnet/vnctl.yaml or /etc/openvnet/vnctl.yaml (api, output), or a configuration file of the original vnctl: ~/.vnctlrc,\n~/.vnctl.conf, /etc/openvnet/vnctl.conf, /etc/wakame-vnet/vnctl.conf.`,
    )
    .helpCommand('help [command...]', 'Shows the help of a command.');
  const groups = new Map<string, Command>();
  for (const kind of kinds) {
    if (!resourceOf(kind).nested) groups.set(kind, addResourceCommands(root, kind, io));
  }
  for (const kind of kinds) {
    const { nested } = resourceOf(kind);
    if (nested) addNestedCommands(groups.get(nested.of)!, kind, io);
  }
  addStatusCommand(root, io);
  addInsideCommands(root, io);
  addRouterCommand(root, io);
  addTopologyCommands(root, io);
  addBatchCommand(root, io, runCommandLine);
  addCompletionCommand(root, io);
  addManCommand(root, io);
  addLabCommands(root, io);
  for (const command of everyCommand(root)) {
    // In the list of commands the first sentence is enough.
    command.summary(`${command.description().split('. ')[0]!.replace(/\.$/, '')}.`);
    if (command.commands.length > 0 && command !== root) command.usage('COMMAND [argument...] [option...]');
    command
      .exitOverride()
      .configureOutput({ writeOut: io.out, writeErr: io.out, outputError: () => {} })
      .configureHelp({ showGlobalOptions: true, subcommandTerm: (one) => one.name() })
      .helpOption('-h, --help', 'Show this help.');
  }
  return root;
}

function everyCommand(command: Command): Command[] {
  return [command, ...command.commands.flatMap(everyCommand)];
}

/** What commander says, as one line. */
function parserMessage({ message }: CommanderError): string {
  return message
    .replace(/^error: /, '')
    .replace(/\n\(Did you mean (.*?)\?\)/s, (_, near: string) => `; did you mean ${near}?`)
    .replaceAll(/\s*\n\s*/g, ' ');
}
