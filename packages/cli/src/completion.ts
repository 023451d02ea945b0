import { type Kind, kinds, resourceOf } from '@openvnet/model';
import type { Command, Option } from 'commander';
import { UsageError } from './failure.ts';
import { LooseOption, ParameterOption, UuidOption } from './options.ts';
import type { Io } from './output.ts';
import { outputs } from './settings.ts';

/** `vnctl completion bash|zsh|fish`: a script that completes commands, options, their values and uuids. */
export function addCompletionCommand(root: Command, io: Io): void {
  const completion = root
    .command('completion')
    .description('Prints a script that completes commands, options and uuids: source <(vnctl completion bash).')
    .argument('<shell>', Object.keys(scripts).join(', '));
  completion.action((shell: string) => {
    const script = scripts[shell as keyof typeof scripts];
    if (!script) throw new UsageError(`${shell}: expected one of ${Object.keys(scripts).join(', ')}`);
    io.out(script);
  });
  const words = root.command('complete', { hidden: true }).argument('[word...]').allowUnknownOption();
  words.action(async (typed: readonly string[]) => {
    const found = await wordsAfter(root, typed, io);
    io.out(found.map((word) => `${word}\n`).join(''));
  });
}

/** What may stand in place of the last word of `typed`, which is being typed. */
async function wordsAfter(root: Command, typed: readonly string[], io: Io): Promise<string[]> {
  const current = typed.at(-1) ?? '';
  const before = reached(root, typed.slice(0, -1));
  const { command } = before;
  const options = [...command.options, ...root.options].filter(({ hidden }) => !hidden);
  const [, name, begun] = /^(--[^=]+)=(.*)$/s.exec(current) ?? [];
  const named = options.find(({ long }) => long === name?.replaceAll('_', '-'));
  if (named) return (await valuesOf(named, root, io, begun!)).map((value) => `${name}=${value}`);
  if (current.startsWith('-')) {
    const known = [...options.flatMap(({ long }) => long ?? []), '--help'];
    return [...new Set(known)].filter((word) => word.startsWith(current));
  }
  if (before.option) return valuesOf(before.option, root, io, current);
  if (command.commands.length > 0) {
    const names = command.commands.map((one) => one.name()).filter((word) => word !== 'complete');
    return names.filter((word) => word.startsWith(current));
  }
  return argumentsOf(before, root, io, current);
}

/** The values of an option that can be told: words, or uuids of the kind that it refers to. */
async function valuesOf(option: Option, root: Command, io: Io, begun: string): Promise<string[]> {
  if (option instanceof UuidOption) return uuids(root, io, { kind: option.kind, begun });
  const field = option instanceof ParameterOption ? option.field : undefined;
  if (field?.to) return uuids(root, io, { kind: field.to as Kind, begun });
  const formats = option.long === '--output' ? outputs : [];
  const words = option instanceof LooseOption && option.negatable ? ['true', 'false'] : (field?.values ?? formats);
  const found = words.filter((word) => word.startsWith(begun));
  return found.length > 0 || begun === '' ? found : uuids(root, io, { begun });
}

const prefixes = kinds.flatMap((kind) => {
  const { nested, idPrefix } = resourceOf(kind);
  return nested || !idPrefix ? [] : [`${idPrefix}-`];
});

/** The uuids that a command takes at the place that is typed: of the kinds that its words name. */
async function argumentsOf({ command, path, args }: Reached, root: Command, io: Io, begun: string): Promise<string[]> {
  if (command.name() === 'completion') return Object.keys(scripts).filter((shell) => shell.startsWith(begun));
  const declared = command.registeredArguments[Math.min(args.length, command.registeredArguments.length - 1)];
  if (!declared || (args.length >= command.registeredArguments.length && !declared.variadic)) return [];
  if (!/uuid/.test(declared.name())) return [];
  const top = kinds.find((kind) => !resourceOf(kind).nested && resourceOf(kind).plural === path[0]);
  if (!top || args.length === 0) return uuids(root, io, { ...(top && { kind: top }), begun });
  const below = kinds.find((kind) => {
    const { nested } = resourceOf(kind);
    return nested?.of === top && nested.name === path[1];
  });
  const other = below && resourceOf(below).nested!.with;
  if (below && !other) return uuids(root, io, { kind: below, of: args[0]!, begun });
  return uuids(root, io, { kind: (other ?? top) as Kind, begun });
}

/** Uuids that begin with `begun`: of a kind, below an object where it hangs below one, or else of the kind whose prefix is there. */
async function uuids(
  root: Command,
  io: Io,
  { kind, of, begun }: { kind?: Kind; of?: string; begun: string },
): Promise<string[]> {
  const prefix = /^([a-z]+)-/.exec(begun)?.[1];
  const meant = kind ?? kinds.find((one) => !resourceOf(one).nested && prefix && resourceOf(one).idPrefix === prefix);
  // Without a prefix they could be of any kind: first comes that.
  if (!meant) return prefixes.filter((known) => known.startsWith(begun));
  const { contextOf } = await import('./context.ts');
  const { client } = await contextOf(root, io);
  const page = { limit: 10_000 };
  // Where no API answers there is nothing to complete, and no place to complain.
  const list = await (of === undefined ? client.of(meant).list(page) : client.nestedOf(meant).list(of, page)).catch(
    () => ({ items: [] }),
  );
  return list.items
    .flatMap(({ uuid }) => (uuid === undefined ? [] : [String(uuid)]))
    .filter((uuid) => uuid.startsWith(begun));
}

interface Reached {
  readonly command: Command;
  readonly path: readonly string[];
  /** The words behind the command that are no options. */
  readonly args: readonly string[];
  /** The option whose value is next. */
  readonly option?: Option;
}

function reached(root: Command, words: readonly string[]): Reached {
  let command = root;
  const path: string[] = [];
  const args: string[] = [];
  let option: Option | undefined;
  for (const word of words) {
    if (word.startsWith('-')) {
      const wanted = word.replaceAll('_', '-');
      option = [...command.options, ...root.options].find(({ long, short }) => long === wanted || short === word);
      if (option && !option.required && !(option instanceof LooseOption)) option = undefined;
      continue;
    }
    // Bash makes words of their own of the sign and of what is behind it.
    if (word === '=') continue;
    const next = command.commands.find((one) => [one.name(), ...one.aliases()].includes(word.replaceAll('-', '_')));
    if (option?.required || (option instanceof LooseOption && option.takes(word))) option = undefined;
    else if (next) {
      command = next;
      path.push(next.name());
      option = undefined;
    } else args.push(word);
  }
  return { command, path, args, ...(option?.required && { option }) };
}

const scripts = {
  bash: `_vnctl() {
  local IFS=$'\\n'
  COMPREPLY=($(vnctl complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
  [[ \${#COMPREPLY[@]} -gt 0 ]] || compopt -o default 2>/dev/null
}
complete -F _vnctl vnctl
`,
  zsh: `#compdef vnctl
_vnctl() {
  local -a found
  found=("\${(@f)$(vnctl complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  if [[ -n "\${found[1]}" ]]; then compadd -a found; else _files; fi
}
if [[ "\${funcstack[1]}" == _vnctl ]]; then _vnctl "$@"; else compdef _vnctl vnctl; fi
`,
  fish: `function __vnctl
  set -l found (vnctl complete -- (commandline -opc)[2..] (commandline -ct) 2>/dev/null)
  if test (count $found) -gt 0
    printf '%s\\n' $found
  else
    __fish_complete_path (commandline -ct)
  end
end
complete -c vnctl -f -a '(__vnctl)'
`,
};
