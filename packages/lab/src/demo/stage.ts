import { fileURLToPath } from 'node:url';
import { styleText } from 'node:util';
import { type Finished, LabError, run } from '../run.ts';

const vnctlProgram = fileURLToPath(new URL('../../../cli/src/main.ts', import.meta.url));

/** Shows what is done, does it, and keeps count of what was expected and what was seen. */
export class Stage {
  /** Address of the API, as the commands say it: `localhost:9090`. */
  readonly #apiPort: number;
  readonly #write: (text: string) => void;
  readonly #fancy: boolean;
  #held = 0;
  #expected = 0;

  constructor(options: { apiPort: number; write: (text: string) => void; fancy: boolean }) {
    this.#apiPort = options.apiPort;
    this.#write = options.write;
    this.#fancy = options.fancy;
  }

  heading(text: string): void {
    this.#write(`\n${this.#styled('bold', text)}\n`);
  }

  say(text: string): void {
    this.#write(`${text}\n`);
  }

  /** Runs a command line as it stands; the words `vnctl` and `curl` are the programs. */
  async type(line: string): Promise<void> {
    const shown = line.replace('localhost:9090', `localhost:${this.#apiPort}`);
    this.say(`  $ ${shown}`);
    const [program, ...args] = shown.split(' ');
    const { code, stdout, stderr } = program === 'vnctl' ? await this.#vnctl(args) : await request(args);
    if (stderr) this.say(this.#styled('dim', stderr.trimEnd().replace(/^(?=.)/gm, '    ')));
    if (code !== 0) throw new LabError(`the command failed with ${code}: ${stdout.trim()}`);
  }

  /** Shows a command that is run by other means, and what it printed. */
  show(command: string, output: string): void {
    this.say(`  $ ${command}`);
    this.say(output.replace(/^(?=.)/gm, '    '));
  }

  /** States an expectation, whether it holds, and what was seen. */
  expect(holds: boolean, what: string, seen: string): void {
    this.#expected++;
    if (holds) this.#held++;
    const mark = holds ? this.#styled('green', '[holds]') : this.#styled('red', '[FAILS]');
    this.say(`  ${mark} ${what} (${seen})`);
  }

  /** Says how many expectations hold; returns whether all do. */
  summary(): boolean {
    const all = this.#held === this.#expected && this.#expected > 0;
    this.heading('Summary');
    this.say(this.#styled(all ? 'green' : 'red', `${this.#held} of ${this.#expected} expectations hold`));
    return all;
  }

  #vnctl(args: readonly string[]): Promise<Finished> {
    const env = { VNET_WEBAPI: `127.0.0.1:${this.#apiPort}`, OPENVNET_API: `http://127.0.0.1:${this.#apiPort}` };
    return run(process.execPath, ['--disable-warning=ExperimentalWarning', vnctlProgram, ...args], {
      env,
      mayFail: true,
    });
  }

  #styled(style: 'bold' | 'green' | 'red' | 'dim', text: string): string {
    return this.#fancy ? styleText(style, text, { validateStream: false }) : text;
  }
}

/** Does what `curl` is told, by `curl` itself where it is installed. */
async function request(args: readonly string[]): Promise<Finished> {
  try {
    const { code, stdout, stderr } = await run('curl', ['--fail-with-body', ...args], { mayFail: true });
    return { code, stdout, stderr };
  } catch {
    const form = new URLSearchParams(
      args.flatMap((word, index) =>
        args[index - 1] === '--data-urlencode' ? [word.split('=') as [string, string]] : [],
      ),
    );
    const response = await fetch(args.at(-1)!, { method: 'POST', body: form });
    return { code: response.ok ? 0 : 22, stdout: await response.text(), stderr: '' };
  }
}
