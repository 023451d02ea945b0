/**
 * The settings of a program, declared once. They are read from flags, environment and a file, in this order of
 * precedence; otherwise the default applies. A setting `logLevel` is `--log-level`, `OPENVNET_LOG_LEVEL` and `log-level` in the file.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { manPage } from './man.ts';
import { Ended } from './run-program.ts';
import { type Read, UnexpectedError } from './values.ts';

export interface Option<T = unknown> {
  readonly doc: string;
  /** Placeholder of the value, such as `HOST:PORT`. An option without one is a flag, which means `true`. */
  readonly placeholder?: string;
  /** Whether it may be given several times; the values are joined by commas. */
  readonly list?: boolean;
  /** Parses the given text. */
  readonly read: Read<T>;
  /** The default, as text. */
  readonly default: string;
}

export type Options = Readonly<Record<string, Option>>;
export type Settings<O extends Options> = { readonly [K in keyof O]: ReturnType<O[K]['read']> };

/** An invalid setting. The message is one sentence that names the setting, its source and what is expected. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/** The part of commander's `Command` that is used here. */
interface Declaring {
  option(flags: string, doc: string): unknown;
  option(flags: string, doc: string, read: (value: string, before: string | undefined) => string): unknown;
  on(event: string, listener: () => void): unknown;
  exitOverride(end: (error: { readonly exitCode: number }) => never): unknown;
  version(text: string, flags: string, doc: string): unknown;
  name(): string;
  description(): string;
  readonly commands: readonly { name(): string; usage(): string; description(): string }[];
}

/** Declares the options, `--config`, `--man` and `--version`, to a command line for `runProgram`: a `Command` of commander. */
export function declareOptions(command: Declaring, options: Options): void {
  // Commands that are added later inherit it.
  command.exitOverride(({ exitCode }) => {
    throw new Ended(exitCode);
  });
  for (const [name, option] of Object.entries(options)) {
    const help = `${option.doc} (${variable(name)}, default ${option.default || 'none'})`;
    const flags = option.placeholder ? `--${dashed(name)} <${option.placeholder}>` : `--${dashed(name)}`;
    if (option.list) command.option(flags, help, (value, before) => (before ? `${before},${value}` : value));
    else command.option(flags, help);
  }
  command.option('--config <FILE>', `YAML file with the same settings, without the dashes (${variable('config')})`);
  const { version } = createRequire(import.meta.url)('../package.json') as { version: string };
  command.version(version, '-V, --version', 'print the version, and exit');
  command.option('--man', 'print the manual page, in roff, and exit');
  command.on('option:man', () => {
    process.stdout.write(manualOf(command, options));
    throw new Ended(0);
  });
}

function manualOf(command: Declaring, options: Options): string {
  const terms = Object.entries(options).map(
    ([name, { doc, placeholder, default: usual }]) =>
      [
        `--${dashed(name)}${placeholder ? ` ${placeholder}` : ''}`,
        `${doc[0]!.toUpperCase()}${doc.slice(1)}. Default: ${usual || 'none'}.`,
      ] as const,
  );
  const commands = command.commands.map(
    (sub) =>
      [
        `${command.name()} [option...] ${sub.name()}${sub.usage().replace('[options]', '')}`,
        sub.description(),
      ] as const,
  );
  return manPage({
    name: command.name(),
    section: 8,
    doc: command.description(),
    date: new Date().toISOString().slice(0, 10),
    sections: [
      { title: 'Synopsis', lines: [`${command.name()} [option...]`, ...commands.map(([line]) => line)] },
      { title: 'Description', text: command.description() },
      ...(commands.length > 0 ? [{ title: 'Commands', terms: commands }] : []),
      {
        title: 'Options',
        terms: [
          ...terms,
          ['--config FILE', 'YAML file with the same settings, without the dashes.'],
          ['-V, --version', 'Print the version, and exit.'],
        ],
      },
      {
        title: 'Environment',
        text: 'Each option can be set by a variable. An option takes precedence over its variable, and a variable over the file:',
        terms: [...Object.keys(options), 'config'].map((name) => [variable(name), `As --${dashed(name)}.`]),
      },
      { title: 'See also', text: 'vnctl(1), openvnet(8), vnmgr(8), vna(8)' },
    ],
  });
}

/** The settings. `flags` holds the options of the command line, by name (`logLevel`). Rejects with `ConfigError`. */
export async function readSettings<O extends Options>(
  options: O,
  flags: Readonly<Record<string, unknown>>,
  env: Readonly<Record<string, string | undefined>> = process.env,
): Promise<Settings<O>> {
  const path = flags.config ?? (env[variable('config')] || undefined);
  const file = path === undefined ? {} : await readFile(String(path));
  for (const key of Object.keys(file)) {
    if (Object.keys(options).some((name) => dashed(name) === key)) continue;
    const known = Object.keys(options).map(dashed).join(', ');
    throw new ConfigError(`${String(path)}: there is no setting ${key}. Settings: ${known}.`);
  }
  const settings = Object.entries(options).map(([name, { read, default: usual }]) => {
    const places: [where: string, value: unknown][] = [
      [`--${dashed(name)}`, flags[name]],
      [variable(name), env[variable(name)] || undefined],
      [`${dashed(name)} in ${String(path)}`, file[dashed(name)] ?? undefined],
    ];
    const [where, given] = places.find(([, value]) => value !== undefined) ?? ['default', usual];
    try {
      if (!Array.isArray(given) && !['string', 'number', 'boolean'].includes(typeof given)) {
        throw new UnexpectedError('expected one value');
      }
      return [name, read(String(given))];
    } catch (cause) {
      if (!(cause instanceof UnexpectedError)) throw cause;
      throw new ConfigError(`${where} is ${JSON.stringify(given)}, which is invalid: ${cause.message}.`, { cause });
    }
  });
  return Object.fromEntries(settings) as Settings<O>;
}

async function readFile(path: string): Promise<Record<string, unknown>> {
  // Most programs are started without a file, and need not hold what reads one.
  const { parse } = await import('yaml');
  let content: unknown;
  try {
    content = parse(readFileSync(path, 'utf8'));
  } catch (cause) {
    throw new ConfigError(`The settings in ${path} cannot be read: ${(cause as Error).message}`, { cause });
  }
  if (content === null) return {};
  if (typeof content !== 'object' || Array.isArray(content)) {
    throw new ConfigError(`The settings in ${path} must be names with values, one per line, such as "listen: :9090".`);
  }
  return content as Record<string, unknown>;
}

function dashed(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

function variable(name: string): string {
  return `OPENVNET_${dashed(name).replaceAll('-', '_').toUpperCase()}`;
}
