import { ClientError } from '@openvnet/client';
import { printable } from '@openvnet/model';
import { sentence, UsageError } from './failure.ts';
import { hintOfRefusal, whereNobodyAnswers } from './helping.ts';
import { formatted, type Io, isForPeople } from './output.ts';
import type { Output } from './settings.ts';

/**
 * Says what went wrong: for people on lines of their own, the hint on the last. Where a program reads what the API answers,
 * it gets the refusal in the same form. `help` is the command that shows what the command line may say.
 */
export async function complain(io: Io, output: Output, error: unknown, help?: string): Promise<void> {
  const isRefusal = error instanceof ClientError && error.body !== null;
  if (isRefusal && !isForPeople(output)) io.out(await formatted(output, error.body));
  if (sentence(error) === '') return;
  const lines = [`vnctl: ${sentence(error)}`];
  const hint = hintOf(io, error, help);
  if (hint !== null) lines.push(`hint: ${printable(hint)}`);
  io.err(`${lines.join('\n')}\n`);
}

function hintOf(io: Io, error: unknown, help: string | undefined): string | null {
  if (error instanceof UsageError) return help === undefined ? null : `Use: ${help}`;
  if (!(error instanceof ClientError)) return null;
  if (error.unreachable !== null) return whereNobodyAnswers(error.unreachable, io);
  return help === undefined ? error.hint : hintOfRefusal(error, help);
}
