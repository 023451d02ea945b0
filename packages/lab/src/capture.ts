import { setTimeout as sleep } from 'node:timers/promises';
import { within } from './links.ts';
import { ended, LabError, start } from './run.ts';

/** A capture that is running. */
export interface Capture {
  /** What was captured so far, one line a frame. */
  readonly lines: readonly string[];
  /** Ends it and gives all lines. */
  stop(): Promise<string[]>;
}

/** Captures frames at a device, in both directions; returns when it really listens. */
export async function captureIn(
  { name, namespace, device }: { name: string; namespace: string; device: string },
  { filter = '' }: { readonly filter?: string } = {},
): Promise<Capture> {
  const args = ['-n', '-l', '-e', '-tt', '--immediate-mode', '-Z', 'root', '-i', device];
  const [command, ...words] = [...within(namespace), 'tcpdump', ...args, ...(filter ? [filter] : [])];
  const child = start(command!, words, { stdio: ['ignore', 'pipe', 'pipe'] });
  const over = ended(child, 'tcpdump');
  let stdout = '';
  let stderr = '';
  child.stdout!.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  const listening = new Promise<void>((resolve) => {
    child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
      if (stderr.includes('listening on')) resolve();
    });
  });
  const failed = over.then((): never => {
    throw new LabError(`${name}: capture: ${stderr.trim()}`);
  });
  await Promise.race([listening, failed]);
  failed.catch(() => {});
  const lines = (): string[] => stdout.split('\n').filter(Boolean);
  return {
    get lines() {
      return lines();
    },
    async stop() {
      // The last frames may still be on their way from the kernel.
      await sleep(60);
      child.kill('SIGINT');
      await over;
      return lines();
    },
  };
}
