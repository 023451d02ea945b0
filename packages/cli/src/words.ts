import type { Command, Option } from 'commander';
import { UsageError } from './failure.ts';
import { LooseOption } from './options.ts';

/**
 * Rewrites a command line into the one spelling that the commands are declared in: commands by any unambiguous leading
 * part, with dashes or underscores; `--opt v` as `--opt=v`; `--no-flag` as `--flag=false`; `help` anywhere as `--help`.
 */
export function canonical(argv: readonly string[], root: Command): string[] {
  const words: string[] = [];
  let command = root;
  let wantsHelp = false;
  for (let i = 0; i < argv.length; i++) {
    const word = argv[i]!;
    if (word === '--') {
      words.push(...argv.slice(i));
      break;
    }
    if (word.startsWith('-') && word.length > 1) {
      const [text, valueIsNext] = option(word, argv[i + 1], [...command.options, ...root.options]);
      words.push(text);
      if (valueIsNext) i++;
    } else if (command.commands.length === 0) {
      words.push(word);
      // What follows is another program's command line.
      if (passesOn.has(command)) {
        words.push('--', ...argv.slice(argv[i + 1] === '--' ? i + 2 : i + 1));
        break;
      }
    } else if (word === 'help') {
      wantsHelp = true;
    } else {
      const found = resolve(word, command);
      words.push(found?.name() ?? word);
      // Nothing can be said of the words behind one that is unknown.
      if (!found) return [...words, ...(wantsHelp ? ['--help'] : argv.slice(i + 1))];
      command = found;
    }
  }
  return wantsHelp ? ['--help', ...words].sort((a, b) => Number(a === '--help') - Number(b === '--help')) : words;
}

/** Commands whose arguments behind the first belong to another program. */
export const passesOn = new WeakSet<Command>();

function resolve(word: string, { commands }: Command): Command | undefined {
  const wanted = word.replaceAll('-', '_').toLowerCase();
  const names = (command: Command): string[] => [command.name(), ...command.aliases()];
  const exact = commands.find((command) => names(command).includes(wanted));
  if (exact) return exact;
  const possible = commands.filter((command) => names(command).some((name) => name.startsWith(wanted)));
  if (possible.length < 2) return possible[0];
  throw new UsageError(`${word} can mean ${possible.map((command) => command.name()).join(' or ')}: use a longer name`);
}

/** The option as one word, and whether that took the next word. */
function option(word: string, next: string | undefined, options: readonly Option[]): [string, boolean] {
  if (!word.startsWith('--')) {
    const short = options.find((known) => known.short === word);
    if (short instanceof LooseOption) return option(short.long!, next, options);
    if (!short?.required || next === undefined) return [word, false];
    return [`${short.long}=${next}`, true];
  }
  const [, name, value] = /^--([^=]*)(?:=(.*))?$/s.exec(word)!;
  const long = `--${name!.replaceAll('_', '-').toLowerCase()}`;
  const known = options.find((one) => one.long === long);
  if (!known) {
    const positive = long.replace(/^--(no|skip)-/, '--');
    const negated = options.find((one) => one.long === positive && one instanceof LooseOption && one.negatable);
    return [negated && value === undefined ? `${positive}=false` : [long, value].filter(isGiven).join('='), false];
  }
  if (value !== undefined) return [`${long}=${value}`, false];
  if (known instanceof LooseOption) {
    const takesNext = next !== undefined && known.takes(next);
    return [`${long}=${takesNext ? next : known.alone}`, takesNext];
  }
  return known.required && next !== undefined ? [`${long}=${next}`, true] : [long, false];
}

function isGiven(value: string | undefined): value is string {
  return value !== undefined;
}
