/** The settings of the original's `vnctl`: a line each, name and value in Ruby's syntax. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { UsageError } from './failure.ts';

/** What a file of settings says. */
export interface FileSettings {
  readonly path: string;
  readonly api?: string;
  readonly output?: string;
}

const defaults = {
  webapi_protocol: 'http',
  webapi_uri: '127.0.0.1',
  webapi_port: '9090',
  webapi_version: '1.0',
  output_format: 'yml',
};
type Name = keyof typeof defaults;

/** Where they are, in the order in which the original looks. */
export function originalFiles(home: string): string[] {
  const own = [join(home, '.vnctlrc'), join(home, '.vnctl.conf')];
  return [...own, '/etc/openvnet/vnctl.conf', '/etc/wakame-vnet/vnctl.conf'];
}

/** Throws `UsageError` that names file and line where something cannot be understood. */
export function readOriginalFile(path: string): FileSettings {
  const values: Record<Name, string> = { ...defaults };
  for (const [index, raw] of textOf(path).split('\n').entries()) {
    const where = `${path}, line ${index + 1}`;
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) continue;
    const [, name, double, single, bare] =
      /^(\w+)[ \t(=]+(?:"([^"]*)"|'([^']*)'|([\w.:-]+))\)?\s*(?:#.*)?$/.exec(line) ?? [];
    if (name === undefined) throw new UsageError(`${where}: expected a name and a quoted value: webapi_port "9090"`);
    if (!Object.hasOwn(defaults, name)) {
      throw new UsageError(`${where}: unknown setting ${name}; there are ${Object.keys(defaults).join(', ')}`);
    }
    values[name as Name] = double ?? single ?? bare!;
  }
  const { webapi_protocol, webapi_uri, webapi_port, webapi_version, output_format } = values;
  if (output_format !== 'yml' && output_format !== 'json') {
    throw new UsageError(`${path}: output_format ${JSON.stringify(output_format)}: expected one of yml, json`);
  }
  const api = `${webapi_protocol}://${webapi_uri}:${webapi_port}/api/${webapi_version}`;
  return { path, api, output: output_format };
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new UsageError(`${path}: ${(cause as Error).message}`, { cause });
  }
}
