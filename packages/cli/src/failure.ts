import { ClientError } from '@openvnet/client';
import { apiErrors, printable, readable } from '@openvnet/model';

/** What the program ends with, in the words of its help. */
export const exitCodes = {
  done: 0,
  refused: 1,
  usage: 2,
  unreachable: 3,
  notRealised: 4,
  differs: 5,
} as const;

export const exitCodesHelp = `
Exit codes:
  0  done
  1  the API refused, or a check of the lab failed
  2  the command line is wrong: unknown command or option, missing argument
  3  the API cannot be reached
  4  done, and not in effect in time (--wait)
  5  what is registered differs from the file (diff, apply --dry-run)`;

/** The command line is wrong; the message names the word and what is expected. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** It is registered and waits for something; the message says for what. */
export class NotRealised extends Error {
  override readonly name = 'NotRealised';
}

/** One line for people, without the name of the program. */
export function sentence(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (!(error instanceof ClientError)) return error.message;
  const message = printable(error.message);
  if (readable(message) !== message) return readable(message);
  // Some messages of the API are a bare value: what it means is in the table of errors.
  if (message.includes(' ')) return message;
  const known = Object.values(apiErrors).find(({ code }) => code === error.code);
  if (!known) return message;
  const meaning = known.doc.split(/[.;]/)[0]!;
  return `${meaning.charAt(0).toLowerCase()}${meaning.slice(1)}: ${message}`;
}

export function exitCodeOf(error: unknown): number {
  if (error instanceof UsageError) return exitCodes.usage;
  if (error instanceof NotRealised) return exitCodes.notRealised;
  if (error instanceof ClientError && error.status === null) return exitCodes.unreachable;
  return exitCodes.refused;
}
