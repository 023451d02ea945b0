import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { manPage, type Section } from '@openvnet/settings/man';
import type { Command } from 'commander';
import { exitCodesHelp, UsageError } from './failure.ts';
import type { Io } from './output.ts';

/** `vnctl man [COMMAND]`: the manual, from the declarations that the help is from. */
export function addManCommand(root: Command, io: Io): void {
  const man = root
    .command('man')
    .description('Shows the manual of vnctl or of a command; writes roff if the output is not a terminal.')
    .argument('[command]', 'The command, such as networks.')
    .option('--directory <PATH>', 'Write all pages into this directory: vnctl.1, vnctl-networks.1 and so on.');
  man.action((name: string | undefined) => {
    const { directory } = man.opts<{ directory?: string }>();
    const pages = manPages(root);
    if (directory !== undefined) {
      writePages(directory, pages);
      io.out(`${pages.size} pages are in ${directory}\n`);
      return;
    }
    const wanted = name?.replaceAll('-', '_');
    const found = root.commands.find((one) => wanted && [one.name(), ...one.aliases()].includes(wanted));
    const page = pages.get(name === undefined ? 'vnctl.1' : `vnctl-${found?.name()}.1`);
    if (!page) throw new UsageError(`there is no page for ${name}; see vnctl --help for the commands`);
    const shown = io.fancy && spawnSync('man', ['-l', '-'], { input: page, stdio: ['pipe', 'inherit', 'inherit'] });
    if (!shown || shown.error) io.out(page);
  });
}

/** The pages by the names of their files: one for the program, and one for each of its commands. */
export function manPages(root: Command, date = new Date().toISOString().slice(0, 10)): Map<string, string> {
  const commands = root.commands.filter((one) => one.name() !== 'complete');
  const page = (name: string, doc: string, sections: readonly Section[]): [string, string] => [
    `${name}.1`,
    manPage({ name, section: 1, doc, sections, date }),
  ];
  const [, ...exitCodes] = exitCodesHelp.trim().split('\n');
  const program = page('vnctl', root.description(), [
    { title: 'Synopsis', lines: [`vnctl ${root.usage()}`] },
    { title: 'Description', text: root.description() },
    { title: 'Options', terms: optionsOf(root) },
    {
      title: 'Commands',
      text: 'Each command has its own page, vnctl-COMMAND(1), and help: vnctl COMMAND --help.',
      terms: commands.map((one) => [one.name(), one.description()]),
    },
    { title: 'Exit status', lines: exitCodes.map((line) => line.trim()) },
    {
      title: 'Files',
      terms: [
        [
          '~/.config/openvnet/vnctl.yaml, /etc/openvnet/vnctl.yaml',
          'Settings: api and output. The first file that exists is read.',
        ],
      ],
    },
    { title: 'Environment', terms: [['OPENVNET_API', 'Address of the API if --api is not given.']] },
    { title: 'See also', text: 'openvnet(8), vnmgr(8), vna(8)' },
  ]);
  return new Map([program, ...commands.map((one) => page(`vnctl-${one.name()}`, one.description(), sectionsOf(one)))]);
}

function sectionsOf(command: Command): Section[] {
  const leaves = leavesOf(command, `vnctl ${command.name()}`);
  const synopsis = leaves.map(({ words, command: leaf }) => [words, ...argumentsOf(leaf), '[option...]'].join(' '));
  const own = leaves.map(({ words, command: leaf }): Section => {
    const taken = leaf.registeredArguments.map((one) => [one.name(), one.description] as const);
    return { title: words, text: leaf.description(), terms: [...taken, ...optionsOf(leaf)] };
  });
  return [
    { title: 'Synopsis', lines: synopsis },
    { title: 'Description', text: command.description(), parts: own },
    { title: 'See also', text: 'vnctl(1) for options of every command, exit status and settings' },
  ];
}

/** The commands that do something, with the words that name them. */
function leavesOf(command: Command, words: string): { words: string; command: Command }[] {
  if (command.commands.length === 0) return [{ words, command }];
  return command.commands.flatMap((one) => leavesOf(one, `${words} ${one.name()}`));
}

function argumentsOf(command: Command): string[] {
  return command.registeredArguments.map((one) => {
    const name = `${one.name().toUpperCase()}${one.variadic ? '...' : ''}`;
    return one.required ? name : `[${name}]`;
  });
}

function optionsOf(command: Command): [string, string][] {
  return command.options.filter(({ hidden }) => !hidden).map(({ flags, description }) => [flags, description]);
}

function writePages(directory: string, pages: ReadonlyMap<string, string>): void {
  try {
    mkdirSync(directory, { recursive: true });
    for (const [file, page] of pages) writeFileSync(join(directory, file), page);
  } catch (cause) {
    throw new UsageError(`${directory}: ${(cause as Error).message}`, { cause });
  }
}
