import type { Command } from 'commander';
import { contextOf } from './context.ts';
import { ExitWith } from './exit-with.ts';
import { exitCodes, UsageError } from './failure.ts';
import { addLabNetCommands } from './lab-net-commands.ts';
import { isNumber } from './options.ts';
import type { Io } from './output.ts';
import { passesOn } from './words.ts';

interface LabOptions {
  readonly file?: string;
  readonly runDirectory?: string;
  readonly wait?: string;
}

/** `vnctl lab`. The lab itself is loaded when it is needed. */
export function addLabCommands(root: Command, io: Io): void {
  const lab = root
    .command('lab')
    .description('Manages a lab on this machine: bridges, namespaces that stand for virtual machines, and a topology.');
  const say = (line: string): void => io.out(`${line}\n`);
  const add = (name: string, doc: string): Command =>
    lab
      .command(name)
      .description(doc)
      .option(
        '--run-directory <PATH>',
        'Directory for the state of the lab, writable by its owner only; by default /run/openvnet-lab for root.',
      );
  const addWithFile = (name: string, doc: string): Command =>
    add(name, doc).option('-f, --file <FILE>', 'The lab file; by default the three experiments.');
  const options = (command: Command): LabOptions => command.opts<LabOptions>();

  const up = addWithFile(
    'up',
    'Creates what the lab file describes and does not exist yet, and waits until it is in effect.',
  );
  up.option('--wait <SECONDS>', 'How long to wait until everything is in effect.', '20').action(async () => {
    const { settings } = await contextOf(up, io);
    const { labUp } = await import('@openvnet/lab');
    const { wait = '', ...where } = options(up);
    if (!isNumber(wait)) throw new UsageError(`--wait ${JSON.stringify(wait)}: expected a number of seconds`);
    const unrealised = await labUp({ ...where, api: settings.api, waitSeconds: Number(wait), say });
    if (unrealised > 0) throw new ExitWith(exitCodes.notRealised, `${unrealised} objects are not in effect`);
  });

  const down = add('down', 'Removes everything that the lab has created, also after a crash.');
  down.action(async () => {
    const { labDown } = await import('@openvnet/lab');
    await labDown({ ...options(down), say });
  });

  const test = addWithFile('test', 'Runs the checks of the lab file.');
  test.action(async () => {
    const { labTest } = await import('@openvnet/lab');
    const { failed, run } = await labTest({ ...options(test), say });
    if (failed > 0) throw new ExitWith(exitCodes.refused, `${failed} of ${run} checks failed`);
  });

  const exec = addWithFile('exec', 'Runs a program in a namespace: vnctl lab exec ns1 -- ping 172.16.1.2');
  exec
    .argument('<namespace>', 'Name of the namespace in the lab file.')
    .argument('<command...>', 'The program and its arguments.');
  passesOn.add(exec);
  exec.action(async (name: string, command: readonly string[]) => {
    const { labExec } = await import('@openvnet/lab');
    const code = await labExec({ ...options(exec), name, command });
    if (code !== 0) throw new ExitWith(code);
  });

  addLabNetCommands(addWithFile, say);

  const list = add('list', 'Lists what the lab has created.');
  list.action(async () => {
    const { labList } = await import('@openvnet/lab');
    await labList({ ...options(list), say });
  });
}
