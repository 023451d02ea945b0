/** What real shells offer once they have read the script of `vnctl completion`. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { startManager } from '@openvnet/manager';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const run = promisify(execFile);

const directory = mkdtempSync(join(tmpdir(), 'vnctl-completion-'));
let env: Record<string, string>;
let close: () => Promise<void>;

async function execute(program: string, args: readonly string[]): Promise<string> {
  const { stdout } = await run(program, args, { env, cwd: directory });
  return stdout;
}

beforeAll(async () => {
  const logger = pino({ level: 'silent' });
  const manager = await startManager({ listen: { host: '127.0.0.1', port: 0 }, store: 'memory', logger });
  close = () => manager.close();
  const bin = join(import.meta.dirname, '../bin');
  env = { PATH: `${bin}:${process.env.PATH}`, HOME: directory, TERM: 'dumb', OPENVNET_API: manager.url };
  await execute('vnctl', ['networks', 'add', '--uuid=nw-only', '--ipv4-network=10.0.0.0']);
  writeFileSync(join(directory, 'a-file.yaml'), '');
}, 60_000);

afterAll(async () => {
  await close();
  rmSync(directory, { recursive: true });
});

/** What has been typed, and what is offered for its last word. */
const offered = [
  ['vnctl netw', ['networks', 'network_services']],
  ['vnctl networks s', ['show']],
  ['vnctl network-services add --mode d', ['dhcp', 'dns']],
  ['vnctl networks add --ipv4', ['--ipv4-network', '--ipv4-prefix']],
  ['vnctl networks show nw', ['nw-only']],
  ['vnctl interfaces add --network-uuid nw', ['nw-only']],
  ['vnctl apply -f a-f', ['a-file.yaml']],
] as const;

describe('bash', () => {
  /** Calls what bash would call for the line, with its words split as readline does. */
  const complete = async (line: string): Promise<string[]> => {
    const words = line.split(/ |(=)/).filter((word) => word !== undefined);
    const script = `
      source <(vnctl completion bash)
      COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
      compopt() { COMPREPLY=($(compgen -f -- "\${COMP_WORDS[COMP_CWORD]}")); }
      [[ $(complete -p vnctl) =~ -F\\ ([^ ]+) ]] && "\${BASH_REMATCH[1]}"
      printf '%s\\n' "\${COMPREPLY[@]}"`;
    return (await execute('bash', ['--norc', '-c', script, 'bash', ...words])).split('\n').slice(0, -1);
  };

  it.each(offered)('offers for "%s"', { timeout: 30_000 }, async (line, words) => {
    expect(await complete(line)).toEqual(words);
  });

  it('offers values behind the sign too', { timeout: 30_000 }, async () => {
    expect(await complete('vnctl topologies add --mode=simple_u')).toEqual(['simple_underlay']);
    expect(await complete('vnctl topologies add --mode=')).toEqual(['simple_underlay', 'simple_overlay']);
  });
});

describe('fish', () => {
  const complete = async (line: string): Promise<string[]> => {
    const script = `vnctl completion fish | source; complete -C '${line}'`;
    const out = await execute('fish', ['--no-config', '-c', script]);
    // A description may stand behind a tab.
    return out
      .split('\n')
      .slice(0, -1)
      .map((one) => one.split('\t')[0]!);
  };

  it.each(offered)('offers for "%s"', { timeout: 30_000 }, async (line, words) => {
    expect((await complete(line)).sort()).toEqual([...words].sort());
  });

  it('offers values behind the sign too', { timeout: 30_000 }, async () => {
    expect(await complete('vnctl topologies add --mode=simple_u')).toEqual(['--mode=simple_underlay']);
  });
});

describe('zsh', () => {
  /** Types the line and a tab into a real zsh, and gives what the line is then, and what was listed. */
  const complete = async (line: string, setup: string, tabs = 1): Promise<string> => {
    const script = `
      zmodload zsh/zpty
      zpty shell zsh -f -i
      typed() { zpty -w shell "$1"; zpty -r shell answer "*$2*"; }
      typed 'PS1= ; unsetopt zle_bracketed_paste prompt_cr prompt_sp; LISTMAX=0; stty -echo columns 200' ''
      typed ${JSON.stringify(setup)} ''
      typed 'show() { print -r -- "LINE<$BUFFER>END"; }; zle -N show; bindkey "^X" show; print "rea""dy"' ready
      zpty -w -n shell ${quoted(line)}$'${'\\t'.repeat(tabs)}\\C-x'
      zpty -r shell answer '*>END*'
      print -r -- "$answer"
      zpty -d shell`;
    return await execute('zsh', ['-f', '-c', script]);
  };
  const quoted = (text: string): string => `'${text}'`;
  const sourced = 'autoload -Uz compinit; compinit -u -D; source <(vnctl completion zsh)';

  it.each(offered)('offers for "%s"', { timeout: 30_000 }, async (line, words) => {
    const answer = await complete(line, sourced, words.length > 1 ? 2 : 1);
    if (words.length > 1) for (const word of words) expect(answer).toContain(word);
    else expect(answer).toContain(`LINE<${line.replace(/\S+$/, words[0]!)} >END`);
  });

  it('takes the script from a directory of functions too', { timeout: 30_000 }, async () => {
    writeFileSync(join(directory, '_vnctl'), await execute('vnctl', ['completion', 'zsh']));
    const setup = 'fpath=($HOME $fpath); autoload -Uz compinit; compinit -u -D';
    expect(await complete('vnctl networks s', setup)).toContain('LINE<vnctl networks show >END');
  });
});
