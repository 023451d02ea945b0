/** The program `vnctl`. */
import { enableCompileCache } from 'node:module';
import { fileURLToPath } from 'node:url';

// A command line has to be there at once; reading the sources anew each time takes longer than all it does.
enableCompileCache(fileURLToPath(new URL('../../../node_modules/.cache/vnctl', import.meta.url)));
const { runCommandLine } = await import('./program.ts');

const { stdout, stderr, env } = process;
// Who has read enough closes the pipe: `vnctl networks show | head -1`.
stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));

process.exitCode = await runCommandLine(process.argv.slice(2), {
  out: (text) => void stdout.write(text),
  err: (text) => void stderr.write(text),
  fancy: stdout.isTTY === true && !env.NO_COLOR,
  env,
});
