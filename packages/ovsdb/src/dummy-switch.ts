import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);
const quiet = ['-vconsole:off', '-vsyslog:off', '--no-chdir'];

/** A real database server and switch daemon with simulated ports, in a directory of their own. For tests. */
export class DummySwitch {
  readonly #directory: string;
  readonly #environment: NodeJS.ProcessEnv;
  #server: ChildProcess | undefined;
  #daemon: ChildProcess | undefined;

  private constructor(directory: string) {
    this.#directory = directory;
    this.#environment = {
      ...process.env,
      PATH: `${process.env.PATH}:/usr/sbin:/sbin`,
      OVS_RUNDIR: directory,
      OVS_LOGDIR: directory,
      OVS_DBDIR: directory,
      OVS_SYSCONFDIR: directory,
    };
  }

  /** A directory with an empty database; nothing runs yet. */
  static async create(): Promise<DummySwitch> {
    const made = new DummySwitch(await mkdtemp(join(tmpdir(), 'openvnet-ovsdb-')));
    await made.run('ovsdb-tool', 'create', made.#file('conf.db'), '/usr/share/openvswitch/vswitch.ovsschema');
    return made;
  }

  get target(): string {
    return `unix:${this.#file('db.sock')}`;
  }

  async startServer(): Promise<void> {
    this.#server = this.#spawn('ovsdb-server', this.#file('conf.db'), `--remote=p${this.target}`, '--unixctl=none');
    while (!existsSync(this.#file('db.sock'))) await sleep(5);
    await this.vsctl('--no-wait', 'init');
  }

  startDaemon(): void {
    const dummy = ['--enable-dummy=system', '--disable-system', '--disable-system-route'];
    this.#daemon = this.#spawn('ovs-vswitchd', this.target, ...dummy, '--pidfile');
  }

  async start(): Promise<void> {
    await this.startServer();
    this.startDaemon();
  }

  vsctl(...args: readonly string[]): Promise<string> {
    return this.run('ovs-vsctl', '--timeout=10', `--db=${this.target}`, ...args);
  }

  /** Adds a bridge with simulated ports, and waits for the switch daemon. */
  async addBridge(name: string, ...ports: readonly string[]): Promise<void> {
    const bridge = ['add-br', name, '--', 'set', 'Bridge', name, 'datapath_type=dummy'];
    await this.vsctl(...bridge, ...ports.flatMap((port) => ['--', ...addPort(name, port)]));
  }

  async addPort(bridge: string, name: string): Promise<void> {
    await this.vsctl(...addPort(bridge, name));
  }

  /** Kills the database server as a crash would. */
  async killServer(): Promise<void> {
    await end(this.#server, 'SIGKILL');
    await rm(this.#file('db.sock'), { force: true });
  }

  async stop(): Promise<void> {
    await end(this.#daemon, 'SIGKILL');
    await end(this.#server, 'SIGKILL');
    await rm(this.#directory, { recursive: true, force: true });
  }

  async run(program: string, ...args: readonly string[]): Promise<string> {
    return (await run(program, args, { env: this.#environment })).stdout;
  }

  #file(name: string): string {
    return join(this.#directory, name);
  }

  #spawn(program: string, ...args: readonly string[]): ChildProcess {
    return spawn(program, [...args, ...quiet], { env: this.#environment, stdio: 'ignore' });
  }
}

function addPort(bridge: string, name: string): string[] {
  return ['add-port', bridge, name, '--', 'set', 'Interface', name, 'type=dummy', `external_ids:iface-id=id-${name}`];
}

async function end(child: ChildProcess | undefined, signal: NodeJS.Signals): Promise<void> {
  if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill(signal);
  await exit;
}
