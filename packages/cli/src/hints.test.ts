/** Every command that the programs print exists, and its line can be read. */
import { globSync, readFileSync } from 'node:fs';
import { createClient } from '@openvnet/client';
import { startManager } from '@openvnet/manager';
import { type Field, type Kind, kinds, parametersOf, resourceOf } from '@openvnet/model';
import type { Command } from 'commander';
import { pino } from 'pino';
import { expect, it } from 'vitest';
import { createProgram } from './program.ts';
import { splitLine } from './split-line.ts';
import { canonical } from './words.ts';

const silent = { out: () => undefined, err: () => undefined, fancy: false, env: {} };

/** Reads a command line as `vnctl` does, without carrying it out. Printed ones name commands in full, with dashes. */
async function read(line: string): Promise<void> {
  const program = createProgram(silent);
  const below = (command: Command): Command[] => [command, ...command.commands.flatMap(below)];
  for (const command of below(program)) command.action(() => undefined);
  const words = splitLine(line).map((word) => (word === 'NUMBER' ? '1' : word));
  const spelled = canonical(words, program);
  await program.parseAsync(spelled, { from: 'user' });
  const full = commandIn(spelled, program)
    .map((command) => command.name().replaceAll('_', '-'))
    .join(' ');
  if (!`${line} `.startsWith(`${full} `)) throw new Error(`expected vnctl ${full}`);
}

/** The commands that a line names, from the resource to what is done with it. */
function commandIn(words: readonly string[], program: Command): Command[] {
  const named: Command[] = [];
  for (const word of words) {
    const found = (named.at(-1) ?? program).commands.find((one) => one.name() === word);
    if (!found) break;
    named.push(found);
  }
  return named;
}

/** The commands that cannot be read, with the reason. */
async function unreadable(commands: Iterable<string>): Promise<string[]> {
  const tried = [...new Set(commands)].map((command) =>
    read(command).then(
      () => [],
      (error: Error) => (error.message === '(outputHelp)' ? [] : [`${command}: ${error.message}`]),
    ),
  );
  return (await Promise.all(tried)).flat();
}

/** What follows the word vnctl in the texts of the sources; values that are put in stand as `x-a`. */
function commandsInSources(): string[] {
  // The demonstration gives the original's commands as its users wrote them.
  const files = globSync('packages/*/src/**/*.ts').filter(
    (file) => !/\.test\.ts$|\/testing[-/.]|completion\.ts$|demo\/experiments\.ts$/.test(file),
  );
  return files.flatMap((file) => {
    const code = readFileSync(file, 'utf8').replaceAll(/^\s*(\/\*\*|\*|\/\/).*$/gm, '');
    const texts = code.replaceAll(/(--)?\$\{(?:[^{}]|\{[^{}]*\})*\}/g, (_, option) => (option ? '' : 'x-a'));
    // Commands that are put together of words: `command('routes', 'del', uuid)`.
    const built = [...code.matchAll(/command\(((?:'[a-z-]+', )+)/g)].map(([, words]) =>
      words!.replaceAll(/[',]/g, '').trim(),
    );
    return (
      [...texts.matchAll(/vnctl ((?:[a-z_]+-?)+(?: (?!x-a\.)[^'"`\n]*)?)/g)]
        // A page sets what a command is for apart from it.
        .map(([, command]) => command!.replace(/ {2,}.*$| opens it .*$/, '').replace(/[).;:]+$/, ''))
        .filter((command) => command !== 'help')
        .filter((command) => !/^(x-a|of|or|and|takes|is|does|has|for)\b/.test(command))
        .concat(built.map((words) => `${words} --help`))
    );
  });
}

/** A value that any parameter takes, with a reference that leads nowhere. */
function valueFor(field: Field): string {
  if (field.to) return `${resourceOf(field.to).idPrefix}-none`;
  const values = { ipv4: '10.0.0.0', mac: '52:54:00:00:00:01', enum: field.values?.[0], dpid: '1', integer: '24' };
  return values[field.type as 'ipv4'] ?? 'a';
}

/** Hints of the API about objects that there are not: in paths, and in parameters, of every kind. */
async function hintsOfTheApi(): Promise<string[]> {
  const logger = pino({ level: 'silent' });
  await using manager = await startManager({ listen: { host: '127.0.0.1', port: 0 }, store: 'memory', logger });
  const client = createClient({ api: manager.url });
  const hints: string[] = [];
  const note = (error: { hint?: string | null }): void => {
    if (error.hint) hints.push(error.hint);
  };
  for (const kind of kinds) {
    const { nested, idPrefix, fields } = resourceOf(kind);
    const required = parametersOf(resourceOf(kind)).filter(([, field]) => !field.optional || field.to);
    for (const [name, field] of required.filter(([, one]) => one.to)) {
      const others = required.filter(([, one]) => !one.optional).map(([other, one]) => [other, valueFor(one)]);
      const values = { ...Object.fromEntries(others), [name]: valueFor(field) };
      if (!nested) await client.of(kind).create(values).catch(note);
    }
    if (!nested) await client.of(kind).get(`${idPrefix}-none`).catch(note);
    else
      await client
        .nestedOf(kind)
        .list(`${resourceOf(nested.of as Kind).idPrefix}-none`)
        .catch(note);
    expect(fields).toBeDefined();
  }
  return hints;
}

it('hints of the API name commands that exist', async () => {
  const commands = (await hintsOfTheApi()).flatMap((hint) => /Use: vnctl (.*)$/.exec(hint)?.[1] ?? []);
  expect(new Set(commands).size).toBeGreaterThan(20);
  expect(await unreadable(commands)).toEqual([]);
});

/** The commands in blocks of the pages that people read. */
function commandsInPages(): string[] {
  const pages = ['README.md', ...globSync('docs/*.md')].map((page) => readFileSync(page, 'utf8'));
  const lines = pages.flatMap((page) =>
    [...page.matchAll(/^```\w*\n(.*?)^```/gms)].flatMap(([, block]) => block!.split('\n')),
  );
  return lines.flatMap((line) => /^(?:\$ )?vnctl ([a-z].*)/.exec(line)?.[1] ?? []);
}

it('blocks of the pages name resources in full and in the plural, as the original does', () => {
  const program = createProgram(silent);
  const resources = program.commands.filter(({ commands }) => commands.length > 0);
  const lines = commandsInPages();
  expect(lines.length).toBeGreaterThan(40);
  const others = lines.filter((line) => {
    const [word = ''] = line.split(' ');
    const found = resources.find((one) => [one.name(), ...one.aliases()].includes(word.replaceAll('-', '_')));
    return found && found.name().replaceAll('_', '-') !== word;
  });
  expect(others).toEqual([]);
});

it('messages, notes and pages of the programs name commands that exist', async () => {
  const commands = new Set(commandsInSources());
  expect(commands.size).toBeGreaterThan(15);
  expect(await unreadable(commands)).toEqual([]);
});

it('sentences of the pages name commands that exist', async () => {
  const pages = ['README.md', ...globSync('docs/*.md')].map((page) => readFileSync(page, 'utf8'));
  const prose = pages.map((page) => page.replace(/^```.*?^```/gms, '')).join('\n');
  const inline = [...prose.matchAll(/`vnctl ([a-z][^`]*)`/g)].flatMap(([, commands]) =>
    commands!.replaceAll(/\s+/g, ' ').split(' && vnctl '),
  );
  const whole = inline.filter((command) => !/[|[\]…]|\.\.\./.test(command));
  expect(whole.length).toBeGreaterThan(40);
  // Some are named without what has to be given.
  const isShort = (reason: string): boolean =>
    /missing required argument|not specified$|argument missing$/.test(reason);
  expect((await unreadable(whole)).filter((reason) => !isShort(reason))).toEqual([]);
});
