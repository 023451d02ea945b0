import { existsSync, lstatSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Daemon, Thing } from './ledger-line.ts';
import { patience } from './patience.ts';
import { commandLine, end, fromPidFile, isGone, type ProcessId, processesWhere, processId } from './processes.ts';
import { LabError, run } from './run.ts';
import { checkTrusted } from './trusted.ts';

/** What runs of it. More than one while it puts itself into the background; one that has not written its number yet. */
export function processesOf({ pidFile, marker }: Pick<Daemon, 'pidFile' | 'marker'>): ProcessId[] {
  // Every command line holds an empty text.
  if (!marker) throw new LabError(`the program of ${pidFile} has no words to know it by`);
  const isIt = (pid: number): boolean => commandLine(pid).includes(marker);
  const named = fromPidFile(pidFile);
  return named && isIt(named.pid) ? [named] : processesWhere(isIt);
}

/** The file that says what was made. It is the last to go: by it, who was killed while removing can go on. */
export const ledgerName = 'made.jsonl';

/** Which things go first: a switch would make its devices again, and the directories say where everything is. */
export function orderOfRemoval({ kind }: Thing): number {
  return kind === 'directory' ? 2 : kind === 'device' || kind === 'datapath' ? 1 : 0;
}

/** Removes a thing. One that is gone, or that another one of the same name has replaced, is left alone. */
export async function unmake(thing: Thing, identity: string | undefined, say: (line: string) => void): Promise<void> {
  switch (thing.kind) {
    case 'directory':
      if (!lstatSync(thing.path, { throwIfNoEntry: false })) return;
      checkTrusted(thing.path);
      for (const name of readdirSync(thing.path)) {
        if (name !== ledgerName) rmSync(join(thing.path, name), { recursive: true, force: true });
      }
      rmSync(thing.path, { recursive: true, force: true });
      return;
    case 'daemon':
      // One that is just starting may have become another one since it was seen.
      for (let tries = 0; tries < 3; tries++) {
        for (const running of processesOf(thing)) {
          say(`${thing.program}: ending it (pid ${running.pid})`);
          await endDaemon(thing, running);
        }
      }
      break;
    case 'namespace':
      if (!existsSync(namespacePath(thing.name))) return;
      if (identity && namespaceIdentity(thing.name) !== identity) {
        say(`namespace ${thing.name}: left alone, it is another one than the lab made`);
        return;
      }
      say(`namespace ${thing.name}: removing it`);
      await endProcessesIn(thing.name);
      // Deleting one end of a veth pair removes both before it returns; deleting the namespace does so some time later.
      if (thing.device) await run('ip', ['-n', thing.name, 'link', 'del', 'dev', thing.device], { mayFail: true });
      await run('ip', ['netns', 'del', thing.name]);
      break;
    case 'bridge':
    case 'port': {
      const table = thing.kind === 'bridge' ? 'Bridge' : 'Port';
      const vsctl = [`--timeout=${10 * patience}`, `--db=unix:${thing.database}`];
      const found = await run(
        'ovs-vsctl',
        [...vsctl, '--if-exists', 'get', table, thing.name, 'external_ids:openvnet-lab'],
        { mayFail: true },
      );
      if (found.stdout.trim().replaceAll('"', '') !== thing.mark) return;
      say(`${thing.kind} ${thing.name}: removing it`);
      await run('ovs-vsctl', [...vsctl, '--if-exists', thing.kind === 'bridge' ? 'del-br' : 'del-port', thing.name]);
      break;
    }
    case 'datapath':
      if (await deviceExists(thing.name)) await run('ovs-dpctl', ['del-dp', thing.name], { mayFail: true });
      break;
    case 'device':
      if (await deviceExists(thing.name)) await run('ip', ['link', 'del', 'dev', thing.name], { mayFail: true });
      break;
  }
}

async function endDaemon({ program, pidFile }: Daemon, running: ProcessId): Promise<void> {
  // This lets go of what it keeps in the kernel, which a signal does not.
  if (program === 'ovs-vswitchd') {
    const target = pidFile.replace(/\.pid$/, `.${running.pid}.ctl`);
    await run('ovs-appctl', [`--timeout=${3 * patience}`, '-t', target, 'exit', '--cleanup'], { mayFail: true });
    if (await isGone(running, 3000)) return;
  }
  await end(running);
}

export function namespacePath(name: string): string {
  return `/run/netns/${name}`;
}

/** Whether this process's network has such a device; /sys may be another one's. */
export async function deviceExists(name: string): Promise<boolean> {
  return (await run('ip', ['link', 'show', 'dev', name], { mayFail: true })).code === 0;
}

/** What tells this namespace from another one of the same name. */
export function namespaceIdentity(name: string): string {
  const { dev, ino } = statSync(namespacePath(name));
  return `${dev}:${ino}`;
}

async function endProcessesIn(namespace: string): Promise<void> {
  const { stdout } = await run('ip', ['netns', 'pids', namespace], { mayFail: true });
  const running = stdout
    .split('\n')
    .filter(Boolean)
    .map((pid) => processId(Number(pid)));
  await Promise.all(running.map((found) => found && end(found, 500)));
}
