import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Command } from 'commander';
import { ExitWith } from './exit-with.ts';
import { exitCodes, UsageError } from './failure.ts';
import { type Io, styled } from './output.ts';
import { splitLine } from './split-line.ts';

type Run = (argv: readonly string[], io: Io) => Promise<number>;

/** `vnctl batch [FILE|-]`: command lines one after the other, in this process and over one connection. */
export function addBatchCommand(root: Command, io: Io, run: Run): void {
  const batch = root
    .command('batch')
    .description('Runs commands from a file or standard input, one per line, without the word vnctl.')
    .argument('[file]', 'The file; - reads standard input.', '-')
    .option('--stop', 'End at the first command that fails.');
  batch.action(async (file: string) => {
    const { stop = false } = batch.opts<{ stop?: boolean }>();
    const { api, output } = root.opts<{ api?: string; output?: string }>();
    const common = [...(api ? [`--api=${api}`] : []), ...(output ? [`--output=${output}`] : [])];
    const failed: string[] = [];
    let [number, commands] = [0, 0];
    for await (const raw of linesOf(file)) {
      number++;
      const line = raw.trim();
      if (line === '' || line.startsWith('#')) continue;
      commands++;
      io.out(`${styled(io, 'green', `> ${line}`)}\n`);
      if ((await runLine(line, common, { io, run })) === exitCodes.done) continue;
      failed.push(`line ${number}`);
      if (stop) break;
    }
    if (failed.length === 0) return;
    const stopped = stop ? '; the rest was not run' : '';
    throw new ExitWith(
      exitCodes.refused,
      `${failed.length} of ${commands} commands failed: ${failed.join(', ')}${stopped}`,
    );
  });
}

async function runLine(line: string, common: readonly string[], { io, run }: { io: Io; run: Run }): Promise<number> {
  try {
    return await run([...common, ...splitLine(line)], io);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    io.err(`vnctl: ${error.message}\n`);
    return exitCodes.usage;
  }
}

async function* linesOf(file: string): AsyncGenerator<string> {
  const input = file === '-' ? process.stdin : createReadStream(file);
  // A file that cannot be opened is an error of the stream, which the reader of lines does not hand on.
  const broken = new Promise<never>((_, reject) =>
    input.once('error', (cause: Error) => reject(new UsageError(`${file}: ${cause.message}`, { cause }))),
  );
  broken.catch(() => undefined);
  const lines = createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })[Symbol.asyncIterator]();
  for (;;) {
    const { value, done } = await Promise.race([lines.next(), broken]);
    if (done) break;
    yield value;
  }
}
