/**
 * An Open vSwitch of its own for tests: simulated ports, no privileges, nothing outside one temporary directory. Needs
 * the Open vSwitch programs.
 */
import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const schema = '/usr/share/openvswitch/vswitch.ovsschema';
const path = `${process.env.PATH}:/usr/sbin:/sbin`;
const run = promisify(execFile);
const portNames = ['p1', 'p2', 'p3'] as const;

export interface SimulatedSwitch extends AsyncDisposable {
  /** Where the bridge `br0` takes connections. */
  readonly target: string;
  /** Runs a program of Open vSwitch on this switch and gives what it printed. */
  readonly run: (program: string, ...args: string[]) => Promise<string>;
}

/** Whether the programs are here. */
export function openVSwitchIsHere(): boolean {
  try {
    execFileSync('ovs-vswitchd', ['--version'], { env: { PATH: path }, stdio: 'ignore' });
    return existsSync(schema);
  } catch {
    return false;
  }
}

/** Starts a switch with bridge `br0` and ports `p1` to `p3`, numbered from 1. It ends when it is disposed of. */
export async function simulateSwitch(): Promise<SimulatedSwitch> {
  const directory = await mkdtemp(join(tmpdir(), 'openflow-switch-'));
  const env = {
    PATH: path,
    OVS_RUNDIR: directory,
    OVS_LOGDIR: directory,
    OVS_DBDIR: directory,
    OVS_SYSCONFDIR: directory,
  };
  const children: ChildProcess[] = [];
  const start = (program: string, ...args: string[]): void => {
    children.push(spawn(program, [...args, '--no-chdir', '-vconsole:off', '-vsyslog:off'], { env, stdio: 'ignore' }));
  };
  const tool = async (program: string, ...args: string[]): Promise<string> =>
    (await run(program, args, { env, maxBuffer: 1 << 28 })).stdout;
  const stop = async (): Promise<void> => {
    for (const child of children.reverse()) await ended(child);
    await rm(directory, { recursive: true, force: true });
  };
  try {
    await tool('ovsdb-tool', 'create', `${directory}/conf.db`, schema);
    start('ovsdb-server', `${directory}/conf.db`, `--remote=punix:${directory}/db.sock`, `--pidfile`);
    await until(() => existsSync(`${directory}/db.sock`));
    await tool('ovs-vsctl', '--no-wait', 'init');
    const dummy = ['--enable-dummy=system', '--disable-system', '--disable-system-route'];
    start('ovs-vswitchd', `unix:${directory}/db.sock`, ...dummy, '--pidfile');
    const ports = portNames.flatMap((name, index) => {
      const set = ['set', 'Interface', name, 'type=dummy', `ofport_request=${index + 1}`];
      return ['--', 'add-port', 'br0', name, '--', ...set];
    });
    const bridge = [
      'set',
      'Bridge',
      'br0',
      'datapath_type=dummy',
      'fail_mode=secure',
      'protocols=OpenFlow10,OpenFlow13',
    ];
    await tool('ovs-vsctl', 'add-br', 'br0', '--', ...bridge, ...ports);
  } catch (error) {
    await stop();
    throw error;
  }
  return { target: `unix:${directory}/br0.mgmt`, run: tool, [Symbol.asyncDispose]: stop };
}

async function until(done: () => boolean): Promise<void> {
  for (let tries = 0; !done(); tries++) {
    if (tries === 500) throw new Error('Open vSwitch did not start within 5 s');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = new Promise((resolve) => child.once('exit', resolve));
  child.kill();
  const timer = setTimeout(() => child.kill('SIGKILL'), 3000);
  await exit;
  clearTimeout(timer);
}
