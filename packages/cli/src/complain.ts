import { ClientError } from '@openvnet/client';
import { printable } from '@openvnet/model';
import { sentence } from './failure.ts';
import { formatted, type Io, isForPeople } from './output.ts';
import type { Output } from './settings.ts';

/**
 * Says what went wrong: for people on lines of their own, the API's hint on the last. Where a program reads what the API answers,
 * it gets the refusal in the same form.
 */
export async function complain(io: Io, output: Output, error: unknown): Promise<void> {
  const isRefusal = error instanceof ClientError && error.body !== null;
  if (isRefusal && !isForPeople(output)) io.out(await formatted(output, error.body));
  if (sentence(error) === '') return;
  const lines = [`vnctl: ${sentence(error)}`];
  if (isRefusal && error.hint !== null) lines.push(`hint: ${printable(error.hint)}`);
  io.err(`${lines.join('\n')}\n`);
}
