import { patience } from './patience.ts';
import { type Finished, LabError, type RunOptions, run } from './run.ts';

/** What moves the packets: the kernel's module, Open vSwitch's own code, or nothing but a simulation of ports. */
export type DatapathKind = 'kernel' | 'userspace' | 'dummy';

export interface BridgeOptions {
  readonly name: string;
  /** 16 hexadecimal digits, or with 0x. */
  readonly datapathId?: string;
  readonly failMode?: 'secure' | 'standalone';
  readonly protocols?: readonly string[];
  /** Such as `tcp:127.0.0.1:6633`; from the first moment, as giving one later would flush the flows. */
  readonly controller?: string;
  readonly otherConfig?: Readonly<Record<string, string>>;
  readonly externalIds?: Readonly<Record<string, string>>;
}

export interface PortOptions {
  /** The OpenFlow number it should get. */
  readonly ofportRequest?: number;
  /** Of the interface: `internal`, `vxlan`, `patch`, ...; a network device of that name unless given. */
  readonly type?: string;
  readonly options?: Readonly<Record<string, string>>;
  readonly externalIds?: Readonly<Record<string, string>>;
  /** Of the port and not of its interface. */
  readonly portExternalIds?: Readonly<Record<string, string>>;
}

const protocols = ['OpenFlow10', 'OpenFlow13', 'OpenFlow14', 'OpenFlow15'];

/** An Open vSwitch that runs: its tools, with everything they need to find it. */
export class OpenVSwitch {
  /** Where its sockets are. */
  readonly runDirectory: string;
  /** Path of the database's socket. */
  readonly database: string;
  /** The network namespace that it is in; null for that of this process. */
  readonly namespace: string | null;
  readonly datapath: DatapathKind;

  constructor(where: { runDirectory: string; namespace: string | null; datapath: DatapathKind }) {
    this.runDirectory = where.runDirectory;
    this.database = `${where.runDirectory}/db.sock`;
    this.namespace = where.namespace;
    this.datapath = where.datapath;
  }

  /** What an agent is told: `unix:` and the path of the database's socket. */
  get ovsdb(): string {
    return `unix:${this.database}`;
  }

  /** The environment in which Open vSwitch's own tools find this switch. */
  get env(): Readonly<Record<string, string>> {
    return switchEnvironment(this.runDirectory);
  }

  /** Runs `ovs-vsctl` and returns what it prints, without the last line end. Waits until the switch has followed. */
  async vsctl(...args: string[]): Promise<string> {
    return (
      await this.#run('ovs-vsctl', [`--timeout=${20 * patience}`, `--db=${this.ovsdb}`, ...args])
    ).stdout.trimEnd();
  }

  /** Runs `ovs-ofctl` with the OpenFlow versions of the bridges. */
  async ofctl(...args: string[]): Promise<string> {
    return (
      await this.#run('ovs-ofctl', [`--timeout=${20 * patience}`, `--protocols=${protocols}`, ...args])
    ).stdout.trimEnd();
  }

  /** Runs `ovs-appctl`; it speaks to `ovs-vswitchd` unless `-t` says otherwise. */
  async appctl(...args: string[]): Promise<string> {
    return (await this.#run('ovs-appctl', [`--timeout=${20 * patience}`, ...args])).stdout.trimEnd();
  }

  /** The flows of a bridge, one a line, in the order of tables and priorities, without counters and times. */
  async flows(bridge: string): Promise<string[]> {
    const text = await this.ofctl('--no-stats', '--sort', 'dump-flows', bridge);
    return text
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line.includes('actions='));
  }

  /** Makes packets follow the flows as they are now: cached decisions may lag behind for a second otherwise. */
  async purge(): Promise<void> {
    await this.appctl('revalidator/purge');
  }

  /** Path of the socket on which a bridge takes OpenFlow connections. */
  managementSocket(bridge: string): string {
    return `${this.runDirectory}/${bridge}.mgmt`;
  }

  async addBridge(bridge: BridgeOptions): Promise<void> {
    await this.vsctl(...this.bridgeCommands(bridge));
  }

  async deleteBridge(name: string): Promise<void> {
    await this.vsctl('--if-exists', 'del-br', name);
  }

  async addPort(bridge: string, name: string, options: PortOptions = {}): Promise<void> {
    await this.addPorts(bridge, { [name]: options });
  }

  /** Adds ports in one transaction, which takes the time of one where they are many. */
  async addPorts(bridge: string, ports: Readonly<Record<string, PortOptions>>): Promise<void> {
    await this.vsctl(...Object.entries(ports).flatMap(([name, options]) => this.portCommands(bridge, name, options)));
  }

  async deletePorts(...names: string[]): Promise<void> {
    await this.vsctl(...names.flatMap((name) => ['--', '--if-exists', 'del-port', name]));
  }

  /** The OpenFlow number of a port. */
  async portNumber(name: string): Promise<number> {
    const text = await this.vsctl('get', 'Interface', name, 'ofport');
    const number = Number(text);
    if (number >= 0 && text !== '[]') return number;
    throw new LabError(`port ${name} has no number: ${await this.vsctl('get', 'Interface', name, 'error')}`);
  }

  protected bridgeCommands(bridge: BridgeOptions): string[] {
    const { name, datapathId, failMode = 'secure', controller, externalIds } = bridge;
    const types = { kernel: 'system', userspace: 'netdev', dummy: 'dummy' } as const;
    const otherConfig = {
      ...bridge.otherConfig,
      ...(datapathId !== undefined && { 'datapath-id': datapathId.replace(/^0x/i, '').padStart(16, '0') }),
    };
    const settings = [
      `datapath_type=${types[this.datapath]}`,
      `fail_mode=${failMode}`,
      `protocols=${(bridge.protocols ?? protocols).join(',')}`,
      ...pairs('other_config', otherConfig),
      ...pairs('external_ids', externalIds),
    ];
    // In one transaction: a bridge that changes its datapath type later leaves its port in the old one.
    return [
      ...['--', 'add-br', name, '--', 'set', 'Bridge', name, ...settings],
      ...(controller ? ['--', 'set-controller', name, controller] : []),
    ];
  }

  protected portCommands(bridge: string, name: string, options: PortOptions): string[] {
    const { ofportRequest, type = this.datapath === 'dummy' ? 'dummy' : undefined } = options;
    const settings = [
      ...(type ? [`type=${type}`] : []),
      ...(ofportRequest === undefined ? [] : [`ofport_request=${ofportRequest}`]),
      ...pairs('options', options.options),
      ...pairs('external_ids', options.externalIds),
    ];
    const portSettings = pairs('external_ids', options.portExternalIds);
    return [
      ...['--', 'add-port', bridge, name],
      ...(settings.length > 0 ? ['--', 'set', 'Interface', name, ...settings] : []),
      ...(portSettings.length > 0 ? ['--', 'set', 'Port', name, ...portSettings] : []),
    ];
  }

  #run(command: string, args: readonly string[], options: RunOptions = {}): Promise<Finished> {
    return run(command, args, { ...options, env: this.env });
  }
}

function pairs(column: string, values: Readonly<Record<string, string>> = {}): string[] {
  return Object.entries(values).map(([key, value]) => `${column}:${JSON.stringify(key)}=${JSON.stringify(value)}`);
}

/** The environment in which Open vSwitch's own tools find the switch of a directory. */
export function switchEnvironment(directory: string): Readonly<Record<string, string>> {
  return { OVS_RUNDIR: directory, OVS_LOGDIR: directory, OVS_DBDIR: directory };
}
