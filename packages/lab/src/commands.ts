/** What `vnctl lab` does. */

import { runCheck } from './checks.ts';
import { Guest } from './guest.ts';
import { experiments, type LabFile, readLabFile } from './lab-file.ts';
import { directoryOf } from './lab-host.ts';
import { Ledger } from './ledger.ts';
import { switchEnvironment } from './open-vswitch.ts';
import { ended, LabError, start } from './run.ts';
import type { Scene } from './scene.ts';
import { networkOfPort } from './topology.ts';
import { defaultRunDirectory, requireRoot, up } from './up.ts';

export type Say = (line: string) => void;

export interface LabPlace {
  /** Where its state is. */
  readonly runDirectory?: string;
  /** The lab file; that of the lab that is up, or the three experiments. */
  readonly file?: string;
}

/** Brings a lab up; returns how many objects of its topology are not in effect. */
export async function labUp(options: LabPlace & { api: string; waitSeconds: number; say: Say }): Promise<number> {
  requireRoot('lab up');
  const { runDirectory = defaultRunDirectory(), file = experiments, api, waitSeconds, say } = options;
  try {
    return await up({ runDirectory, file, api, waitSeconds, say });
  } catch (error) {
    if (Ledger.find(runDirectory)) say('what was made so far stays: go on with lab up, or remove it with lab down');
    throw error;
  }
}

/** Removes what a lab has made. */
export async function labDown({ runDirectory = defaultRunDirectory(), say }: LabPlace & { say: Say }): Promise<void> {
  const ledger = Ledger.find(runDirectory);
  if (!ledger) return say('no lab is up');
  requireRoot('lab down');
  if (ledger.owner && ledger.owner.pid !== process.pid)
    throw new LabError(`lab up is at work in ${runDirectory} (pid ${ledger.owner.pid}); end it first`);
  await ledger.undoAll(say);
  say('nothing is left of the lab');
}

/** Runs the checks of a lab file. */
export async function labTest({ say, ...place }: LabPlace & { say: Say }): Promise<{ run: number; failed: number }> {
  const file = fileOf(place);
  requireUp(place);
  requireRoot('lab test');
  if (file.checks.length === 0) say(`${file.path} states no checks`);
  let failed = 0;
  for (const check of file.checks) {
    const { holds, because } = await runCheck(check, sceneOf(file));
    if (!holds) failed++;
    say(`${holds ? 'ok  ' : 'FAIL'}  ${check.text}  (${because})`);
  }
  return { run: file.checks.length, failed };
}

/** Runs a program in a namespace, with the terminal; returns its exit code. */
export async function labExec(options: LabPlace & { name: string; command: readonly string[] }): Promise<number> {
  const { name, command } = options;
  const file = fileOf(options);
  const names = [file.namespaces, file.hosts, file.routers, file.underlays].flat().map((one) => one.name);
  if (!names.includes(name))
    throw new LabError(`no namespace of the lab is called ${name}; there are ${names.join(', ') || 'none'}`);
  const { directory } = requireUp(options);
  requireRoot('lab exec');
  const isHost = file.hosts.some((host) => host.name === name);
  const env = isHost ? switchEnvironment(directoryOf(directory, name)) : {};
  return ended(start('ip', ['netns', 'exec', name, ...command], { stdio: 'inherit', env }), 'ip');
}

/** Says what a lab has made. */
export async function labList({ runDirectory = defaultRunDirectory(), say }: LabPlace & { say: Say }): Promise<void> {
  const ledger = Ledger.find(runDirectory);
  if (!ledger) return say('no lab is up');
  say(`lab file ${ledger.note}, state in ${runDirectory}`);
  for (const thing of ledger.things) {
    if (thing.kind === 'daemon') say(`program    ${thing.program}`);
    else if (thing.kind === 'directory') say(`directory  ${thing.path}`);
    else say(`${thing.kind.padEnd(9)}  ${thing.name}`);
  }
}

/** The guests of a lab file, as `lab up` made them. */
export function sceneOf(file: LabFile): Scene {
  const guests = file.namespaces.map(
    ({ name, device = 'eth0', port = name }) => new Guest({ name, namespace: name, device, port }),
  );
  return { guests, networkOf: (guest) => networkOfPort(file.topology, guest.port) };
}

export function fileOf({ file, runDirectory = defaultRunDirectory() }: LabPlace): LabFile {
  return readLabFile(file ?? (Ledger.find(runDirectory)?.note || experiments));
}

export function requireUp({ runDirectory = defaultRunDirectory() }: LabPlace): Ledger {
  const ledger = Ledger.find(runDirectory);
  if (!ledger) throw new LabError('no lab is up; bring one up first: vnctl lab up');
  return ledger;
}
