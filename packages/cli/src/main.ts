/** The program `vnctl`. */
import { enableCompileCache } from 'node:module';
import { fileURLToPath } from 'node:url';

// A command line has to be there at once; reading the sources anew each time takes longer than all it does.
enableCompileCache(fileURLToPath(new URL('../../../node_modules/.cache/vnctl', import.meta.url)));
const { runCommandLine } = await import('./program.ts');

const { stdin, stdout, stderr, env } = process;
// Who has read enough closes the pipe: `vnctl networks show | head -1`.
stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));

process.exitCode = await runCommandLine(process.argv.slice(2), {
  out: (text) => void stdout.write(text),
  err: (text) => void stderr.write(text),
  fancy: stdout.isTTY === true && !env.NO_COLOR,
  env,
  ...(stdin.isTTY && stdout.isTTY && { ask: yesOrNo }),
});

async function yesOrNo(question: string): Promise<boolean> {
  const { createInterface } = await import('node:readline/promises');
  const lines = createInterface({ input: stdin, output: stdout });
  // Who closes the input has not agreed.
  const closed = new Promise<string>((resolve) => lines.once('close', () => resolve('')));
  try {
    return /^y(es)?$/i.test((await Promise.race([lines.question(question), closed])).trim());
  } finally {
    lines.close();
  }
}
