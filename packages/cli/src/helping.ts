import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { ClientError } from '@openvnet/client';
import { apiErrors, dashed, shell } from '@openvnet/model';
import type { Command } from 'commander';
import type { Io } from './output.ts';

/** The command that shows what the command of this line takes: `vnctl interfaces add --help`. */
export function helpOf(argv: readonly string[], root: Command): string {
  const words: string[] = [];
  let command = root;
  for (const word of argv) {
    const next = command.commands.find((one) => one.name() === word || one.aliases().includes(word));
    if (next) {
      words.push(dashed(next.name()));
      command = next;
    }
  }
  return shell`vnctl ${[...words, '--help']}`;
}

/** What to do where the API cannot be reached at `api`, as one sentence and a command. */
export function whereNobodyAnswers(api: string, { env }: Pick<Io, 'env'>): string {
  const isHere = /^(https?:\/\/)?(localhost|127\.\d+\.\d+\.\d+|\[::1\])([:/]|$)/.test(api);
  const where = 'or say where it runs: --api URL, OPENVNET_API or vnctl.yaml';
  return isHere ? `Start it, ${where}. Use: ${start(env)}` : `Start it on that host, ${where}. Use: vnmgr`;
}

/** Errors of the API that are about what the command line says. */
const ofTheCommandLine: ReadonlySet<string | null> = new Set([
  apiErrors.argument.code,
  apiErrors.missingArgument.code,
  apiErrors.invalidUuid.code,
]);

/** The hint of a refusal; one about the command line that names no command ends in the one that says what is taken. */
export function hintOfRefusal(error: ClientError, help: string): string | null {
  const { hint, code, message } = error;
  // The message is the name of the parameter, where it is one of this command line.
  if (hint === null && code === apiErrors.missingArgument.code && !message.includes(' ')) return `Use: ${help}`;
  return hint === null || /\buse: /i.test(hint) || !ofTheCommandLine.has(code) ? hint : `${hint}. Use: ${help}`;
}

/** The command that starts the manager, as it was installed: on PATH, or in a checkout. */
function start(env: Io['env']): string {
  const program = 'vnmgr';
  const isOnPath = (env.PATH ?? '').split(delimiter).some((place) => place !== '' && existsSync(join(place, program)));
  const checkedOut = new URL(`../../manager/bin/${program}`, import.meta.url);
  return isOnPath || !existsSync(checkedOut) ? program : shell`${checkedOut.pathname}`;
}
