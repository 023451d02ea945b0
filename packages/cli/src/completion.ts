import type { Command } from 'commander';
import { UsageError } from './failure.ts';
import type { Io } from './output.ts';

/** `vnctl completion bash|zsh|fish`: a script that completes commands, options and uuids. */
export function addCompletionCommand(root: Command, io: Io): void {
  const completion = root
    .command('completion')
    .description('Writes a script that completes commands, options and uuids: source <(vnctl completion bash).')
    .argument('<shell>', Object.keys(scripts).join(', '));
  completion.action((shell: string) => {
    const script = scripts[shell as keyof typeof scripts];
    if (!script) throw new UsageError(`${shell}: expected one of ${Object.keys(scripts).join(', ')}`);
    io.out(script);
  });
  const words = root.command('complete', { hidden: true }).argument('[word...]').allowUnknownOption();
  words.action(async (typed: readonly string[]) => {
    const found = [...wordsAfter(root, typed), ...(await uuidsAfter(root, typed, io))];
    io.out(found.map((word) => `${word}\n`).join(''));
  });
}

/** The commands and options that may stand behind `typed`; the last word of it is being typed. */
export function wordsAfter(root: Command, typed: readonly string[]): string[] {
  const current = typed.at(-1) ?? '';
  const { command } = reached(root, typed.slice(0, -1));
  const options = [...command.options, ...root.options].flatMap(({ long, hidden }) => (long && !hidden ? [long] : []));
  const names = command.commands.map((one) => one.name()).filter((name) => name !== 'complete');
  const possible = current.startsWith('-') ? [...options, '--help'] : names;
  return [...new Set(possible)].filter((word) => word.startsWith(current));
}

/** The uuids that may stand behind `typed`: of the resource that was named, or, elsewhere, of the kind whose prefix is there. */
async function uuidsAfter(root: Command, typed: readonly string[], io: Io): Promise<string[]> {
  const current = typed.at(-1) ?? '';
  const { command, path } = reached(root, typed.slice(0, -1));
  if (current.startsWith('-') || command.commands.length > 0) return [];
  const { kinds, resourceOf } = await import('@openvnet/model');
  const prefix = /^([a-z]+)-/.exec(current)?.[1];
  const kind =
    kinds.find((one) => prefix !== undefined && resourceOf(one).idPrefix === prefix) ??
    kinds.find((one) => !resourceOf(one).nested && resourceOf(one).plural === path[0]);
  if (!kind || resourceOf(kind).nested) return [];
  const { contextOf } = await import('./context.ts');
  const { client } = await contextOf(root, io);
  // Where no API answers there is nothing to complete, and no place to complain.
  const list = await client
    .of(kind)
    .list({ limit: 10_000 })
    .catch(() => ({ items: [] }));
  return list.items.map(({ uuid }) => String(uuid)).filter((uuid) => uuid.startsWith(current));
}

function reached(root: Command, words: readonly string[]): { command: Command; path: string[] } {
  let command = root;
  const path: string[] = [];
  for (const word of words) {
    const wanted = word.replaceAll('-', '_');
    const next = command.commands.find((one) => one.name() === wanted || one.aliases().includes(wanted));
    if (!next) continue;
    command = next;
    path.push(next.name());
  }
  return { command, path };
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
compdef _vnctl vnctl
`,
  fish: `complete -c vnctl -f -a '(vnctl complete -- (commandline -opc)[2..] (commandline -ct) 2>/dev/null)'
`,
};
