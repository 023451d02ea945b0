import { type Client, createClient } from '@openvnet/client';
import { type Kind, printableDeep } from '@openvnet/model';
import type { Command } from 'commander';
import { complain } from './complain.ts';
import { NotRealised } from './failure.ts';
import { type Io, isForPeople } from './output.ts';
import { readSettings, type Settings } from './settings.ts';
import { statusText, waitsFor } from './status-text.ts';

/** What every command works with. */
export interface Context {
  readonly io: Io;
  readonly settings: Settings;
  readonly client: Client;
}

export async function contextOf(command: Command, io: Io): Promise<Context> {
  const settings = await readSettings(command.optsWithGlobals(), io.env);
  return { io, settings, client: createClient({ api: settings.api, message: settings.message }) };
}

/** Does something for each of `items`, also where one fails; throws the first failure in the end. */
export async function forEach<T>(
  { io, settings }: Context,
  items: readonly T[],
  act: (item: T) => Promise<void>,
): Promise<void> {
  const failures: unknown[] = [];
  for (const item of items) {
    try {
      await act(item);
    } catch (error) {
      if (failures.length > 0) await complain(io, settings.output, error);
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
}

/** Waits until an object is in effect and says so. Throws `NotRealised` if it is not after `seconds`. */
export async function waitUntilRealised(
  { io, client, settings }: Context,
  object: { kind: Kind; uuid: string },
  seconds: number,
): Promise<void> {
  const status = await client.waitFor(object.kind, object.uuid, { seconds });
  if (!status.realised) {
    throw new NotRealised(`${object.uuid} is not in effect after ${seconds} s; ${waitsFor(status)}`);
  }
  const text = `${object.uuid}: ${statusText(io, printableDeep(status))}\n`;
  // What the API answered stays alone where a program reads it.
  if (isForPeople(settings.output)) io.out(text);
  else io.err(text);
}
