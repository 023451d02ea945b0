/**
 * YAML that clients send. A text of some kilobytes can take the parser minutes, as its time grows with the square of the
 * length of a map and with the depth. Longer texts are therefore read in a thread of their own, one at a time, and given up
 * after a while; the manager serves others meanwhile.
 */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { withoutSymbols } from '@openvnet/model/ruby-yaml';
import { parse } from 'yaml';
import { Gate } from './gate.ts';

/** Length up to which the worst text takes some milliseconds. */
const shortLength = 2048;
const usualLimitMs = 20_000;
const memoryMb = 512;
const oneAtATime = new Gate(1);

/** What `text` gives, its keys without the colons of Ruby. Throws what is wrong with it. */
export function readYaml(text: string): unknown {
  return withoutSymbols(parse(text, { maxAliasCount: 0, logLevel: 'error' }));
}

/** The same of a text of any length; rejects too where it takes longer than `limitMs`. */
export async function readLongYaml(text: string, limitMs = usualLimitMs): Promise<unknown> {
  if (text.length <= shortLength) return readYaml(text);
  return oneAtATime.run(() => readInThread(text, limitMs));
}

async function readInThread(text: string, limitMs: number): Promise<unknown> {
  const thread = new Worker(new URL('./yaml-thread.ts', import.meta.url), {
    workerData: text,
    execArgv: [],
    resourceLimits: { maxOldGenerationSizeMb: memoryMb },
  });
  try {
    const [answer] = await once(thread, 'message', { signal: AbortSignal.timeout(limitMs) });
    if ('why' in answer) throw new Error(answer.why);
    return answer.content;
  } catch (error) {
    if ((error as Error).name !== 'AbortError') throw error;
    throw new Error(`parsing it took longer than ${limitMs / 1000} s; use JSON, which is parsed faster`);
  } finally {
    await thread.terminate();
  }
}
