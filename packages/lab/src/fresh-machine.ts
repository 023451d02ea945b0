/** For tests: a place where nothing else runs, with its own network and its own `/run`, on the machine as it is. */
import { type Finished, LabError, type RunOptions, run, start } from './run.ts';

export interface FreshMachine extends AsyncDisposable {
  /** Runs a program there. */
  run(command: string, args: readonly string[], options?: RunOptions): Promise<Finished>;
  /** The words that run a program there. */
  readonly within: readonly string[];
}

/** Needs root. What is still running there at the end is the test's to find. */
export async function freshMachine(): Promise<FreshMachine> {
  const script = 'mount -t tmpfs tmpfs /run && mkdir /run/lock && ip link set lo up && echo ready && exec cat';
  const holder = start('unshare', ['--net', '--mount', 'sh', '-c', script], { stdio: ['pipe', 'pipe', 'inherit'] });
  await new Promise<void>((resolve, reject) => {
    holder.stdout!.once('data', () => resolve());
    holder.once('error', reject);
    holder.once('exit', () => reject(new LabError('no fresh machine could be made')));
  });
  const within = ['nsenter', '--target', `${holder.pid}`, '--net', '--mount', `--wd=${process.cwd()}`];
  return {
    within,
    run: (command, args, options) => run(within[0]!, [...within.slice(1), command, ...args], options),
    async [Symbol.asyncDispose]() {
      holder.stdin!.end();
      await new Promise((resolve) => holder.once('close', resolve));
    },
  };
}
