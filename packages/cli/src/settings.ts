import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { UsageError } from './failure.ts';
import { type FileSettings, originalFiles, readOriginalFile } from './original-settings.ts';

/** `yml` is YAML as the original prints it: keys are symbols of Ruby. */
export const outputs = ['table', 'wide', 'name', 'json', 'yaml', 'yml'] as const;
export type Output = (typeof outputs)[number];

export interface Settings {
  readonly api: string;
  readonly output: Output;
  /** Why a change is made, for the log of the manager. */
  readonly message?: string | undefined;
}

type Env = Readonly<Record<string, string | undefined>>;

/** Settings by flags, then environment, then the first file there is, then the default. */
export async function readSettings(
  flags: { api?: string; output?: string; message?: string },
  env: Env,
): Promise<Settings> {
  const file = await readFile(env);
  const fromOlder = env.VNET_WEBAPI ? `http://${env.VNET_WEBAPI}` : undefined;
  const api = flags.api ?? env.OPENVNET_API ?? fromOlder ?? file.api ?? 'http://127.0.0.1:9090';
  const output = flags.output ?? file.output ?? 'table';
  const where = flags.output === undefined ? file.path : '--output';
  return { api, output: readOutput(output, where), message: flags.message };
}

/** Files of settings, in the order in which they are looked for. */
export function settingsFiles(env: Env): string[] {
  const home = homeOf(env);
  const own = env.XDG_CONFIG_HOME || join(home, '.config');
  return [join(own, 'openvnet', 'vnctl.yaml'), '/etc/openvnet/vnctl.yaml', ...originalFiles(home)];
}

function homeOf(env: Env): string {
  return env.HOME || homedir();
}

function readOutput(text: string, where: string): Output {
  const found = outputs.find((output) => output === text);
  if (found) return found;
  throw new UsageError(`${where} ${JSON.stringify(text)}: expected one of ${outputs.join(', ')}`);
}

async function readFile(env: Env): Promise<FileSettings> {
  const path = settingsFiles(env).find((candidate) => existsSync(candidate));
  if (!path) return { path: '' };
  if (originalFiles(homeOf(env)).includes(path)) return readOriginalFile(path);
  const { parse } = await import('yaml');
  let content: unknown;
  try {
    content = parse(readFileSync(path, 'utf8')) ?? {};
  } catch (cause) {
    throw new UsageError(`${path}: ${(cause as Error).message.split('\n')[0]}`, { cause });
  }
  if (typeof content !== 'object' || content === null)
    throw new UsageError(`${path}: expected lines such as "api: URL"`);
  for (const [key, value] of Object.entries(content)) {
    if (key !== 'api' && key !== 'output')
      throw new UsageError(`${path}: unknown setting ${key}; there are api, output`);
    if (typeof value !== 'string') throw new UsageError(`${path}: ${key}: expected text`);
  }
  return { ...content, path };
}
