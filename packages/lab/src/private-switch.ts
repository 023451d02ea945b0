/**
 * An Open vSwitch of one's own, in a directory of its own, beside whatever else runs on the machine. Unless told
 * otherwise it is in a network namespace of its own too: two switches that move packets in userspace could not share
 * one, and device names cannot clash.
 */
import { randomInt } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { forget, remember } from './cleanup.ts';
import { AlreadyThere, Ledger } from './ledger.ts';
import { makeNamespace, quietHost } from './namespaces.ts';
import { type BridgeOptions, type DatapathKind, OpenVSwitch } from './open-vswitch.ts';
import { end, isGone, type ProcessId, signal } from './processes.ts';
import { LabError, run } from './run.ts';
import { deviceExists, processesOf } from './things.ts';
import { stateDirectory } from './trusted.ts';

export interface PrivateSwitchOptions {
  /** Simulated ports and no devices of the kernel: needs no privilege. */
  readonly dummy?: boolean;
  /** What `OPENVNET_LAB_DATAPATH` says, and `userspace` where it says nothing, unless given. */
  readonly datapath?: Exclude<DatapathKind, 'dummy'>;
  /** Name of its network namespace; null for that of this process; a fresh one of its own unless given. */
  readonly namespace?: string | null;
  /** Where it goes on the disk; a fresh directory unless given. */
  readonly directory?: string;
  /** Where what it makes is written down; in its directory unless given. Who gives one removes it all by that. */
  readonly ledger?: Ledger;
}

type Program = 'ovs-vswitchd' | 'ovsdb-server';

/** Before the names of the directories of switches that end with their processes. */
export const directoryPrefix = 'openvnet-switch-';

export class PrivateSwitch extends OpenVSwitch {
  /** What it and the labs on it have made. */
  readonly ledger: Ledger;
  readonly #keep: boolean;

  private constructor(where: ConstructorParameters<typeof OpenVSwitch>[0], ledger: Ledger, keep: boolean) {
    super(where);
    this.ledger = ledger;
    this.#keep = keep;
  }

  /** Starts one. Ends and is removed at the end of its scope (`await using`), or when a signal ends the process. */
  static async start(options: PrivateSwitchOptions = {}): Promise<PrivateSwitch> {
    const datapath = options.dummy ? 'dummy' : (options.datapath ?? usualDatapath());
    if (datapath !== 'dummy' && process.getuid?.() !== 0) {
      throw new LabError('a switch that moves packets needs root: it makes devices and network namespaces');
    }
    if (!options.ledger) await removeAbandoned();
    const ledger =
      options.ledger ?? Ledger.begin(options.directory ?? mkdtempSync(join(stateDirectory(), directoryPrefix)));
    const directory = options.directory ?? ledger.directory;
    const own = options.namespace === undefined ? `vn${randomInt(36 ** 6).toString(36)}-host` : options.namespace;
    const namespace = datapath === 'dummy' ? null : own;
    const made = new PrivateSwitch({ runDirectory: directory, namespace, datapath }, ledger, !!options.ledger);
    if (!made.#keep) remember(made);
    try {
      await made.#startAll(options.namespace === undefined);
    } catch (error) {
      if (!made.#keep) await made[Symbol.asyncDispose]();
      throw error;
    }
    return made;
  }

  override async addBridge(bridge: BridgeOptions): Promise<void> {
    if (this.datapath !== 'dummy') await this.#claim({ kind: 'device', name: bridge.name });
    await super.addBridge(bridge);
  }

  /** Puts a frame, hexadecimal or as Open vSwitch describes a flow, into a port. Simulated ports only. */
  async inject(port: string, frame: string): Promise<void> {
    await this.appctl('netdev-dummy/receive', port, frame);
  }

  /** Kills a program of the switch as a crash would, and returns when it is gone. */
  async kill9(which: Program = 'ovs-vswitchd'): Promise<void> {
    const running = this.#process(which);
    if (!running) return;
    signal(running, 'SIGKILL');
    await isGone(running, 5000);
  }

  /** Ends a program of the switch, where it runs, and starts it again. Returns when it has read its configuration. */
  async restart(which: Program = 'ovs-vswitchd'): Promise<void> {
    await this.stop(which);
    await this.#start(which);
  }

  async stop(which: Program = 'ovs-vswitchd'): Promise<void> {
    const running = this.#process(which);
    if (running) await end(running);
  }

  /** The number of a program of the switch; `undefined` while it does not run. */
  pid(which: Program = 'ovs-vswitchd'): number | undefined {
    return this.#process(which)?.pid;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#keep) return;
    await this.ledger.undoAll();
    forget(this);
  }

  async #startAll(ownNamespace: boolean): Promise<void> {
    const { runDirectory: path, ledger, namespace, datapath } = this;
    if (!ledger.has({ kind: 'directory', path })) {
      await ledger.make({ kind: 'directory', path, outlivesBoot: true }, async () =>
        mkdirSync(path, { recursive: true, mode: 0o700 }),
      );
    }
    if (namespace !== null && ownNamespace) await makeNamespace({ name: namespace, ledger }, quietHost);
    if (!existsSync(`${path}/conf.db`)) await run('ovsdb-tool', ['create', `${path}/conf.db`, schema()]);
    if (datapath === 'kernel') await this.#claim({ kind: 'datapath', name: 'ovs-system' });
    if (datapath === 'userspace') await this.#claim({ kind: 'device', name: 'ovs-netdev' });
    for (const program of ['ovsdb-server', 'ovs-vswitchd'] as const) {
      const daemon = this.#daemon(program);
      const known = ledger.has({ kind: 'daemon', pidFile: daemon.pidFile });
      if (known && !this.#process(program)) await this.#start(program);
      if (!known) await ledger.make({ kind: 'daemon', program, ...daemon }, () => this.#start(program));
      if (program === 'ovsdb-server') await this.vsctl('--no-wait', 'init');
    }
  }

  /** Writes down what will stay when the program is killed. In a namespace of its own it goes with that. */
  async #claim(device: { kind: 'datapath' | 'device'; name: string }): Promise<void> {
    if (this.namespace !== null || this.ledger.has(device)) return;
    await this.ledger.make(device, async () => {
      if (!(await deviceExists(device.name))) return;
      throw new AlreadyThere(`device ${device.name} is there already and was not made by this lab`);
    });
  }

  async #start(which: Program): Promise<void> {
    const { runDirectory: path, database, namespace, datapath } = this;
    const simulated = ['--enable-dummy=system', '--disable-system', '--disable-system-route'];
    const own =
      which === 'ovsdb-server'
        ? [`${path}/conf.db`, `--remote=punix:${database}`]
        : [`unix:${database}`, ...(datapath === 'dummy' ? simulated : [])];
    const common = [
      this.#daemon(which).marker,
      '--detach',
      '--no-chdir',
      '--log-file',
      '-vconsole:off',
      '-vsyslog:off',
    ];
    const within = namespace === null ? [] : ['ip', 'netns', 'exec', namespace];
    const [command, ...args] = [...within, which, ...own, ...common];
    await run(command!, args, { env: this.env });
  }

  #process(which: Program): ProcessId | undefined {
    return processesOf(this.#daemon(which))[0];
  }

  #daemon(which: Program): { readonly pidFile: string; readonly marker: string } {
    const pidFile = `${this.runDirectory}/${which}.pid`;
    return { pidFile, marker: `--pidfile=${pidFile}` };
  }
}

export function usualDatapath(): 'kernel' | 'userspace' {
  const { OPENVNET_LAB_DATAPATH: wanted = 'userspace' } = process.env;
  if (wanted === 'kernel' || wanted === 'userspace') return wanted;
  throw new LabError(`OPENVNET_LAB_DATAPATH is ${wanted}; expected kernel or userspace`);
}

/** Removes the switches of processes that were killed before they could. */
export async function removeAbandoned(say: (line: string) => void = complain): Promise<void> {
  for (const directory of directories()) {
    try {
      const ledger = Ledger.find(directory);
      if (ledger && !ledger.owner) await ledger.undoAll();
    } catch (error) {
      say((error as Error).message);
    }
  }
}

/** The processes that have private switches of this user at the moment. */
export function switchOwners(): ProcessId[] {
  return directories().flatMap((directory) => {
    try {
      return Ledger.find(directory)?.owner ?? [];
    } catch {
      // `removeAbandoned` says what is wrong with it.
      return [];
    }
  });
}

function directories(): string[] {
  const within = stateDirectory();
  const names = readdirSync(within).filter((name) => name.startsWith(directoryPrefix));
  return names.map((name) => join(within, name));
}

function complain(line: string): void {
  process.stderr.write(`${line}\n`);
}

function schema(): string {
  const places = ['/usr/share/openvswitch', '/usr/local/share/openvswitch'].map((path) => `${path}/vswitch.ovsschema`);
  const found = places.find((path) => existsSync(path));
  if (found) return found;
  throw new LabError(
    `Open vSwitch is not installed: there is no ${places[0]} (Debian, Ubuntu: apt-get install openvswitch-switch)`,
  );
}
