/**
 * A switch of many ports in two halves. Adding ports to a real bridge takes quadratic time (10,000 take eight minutes), so
 * the ports are only rows: of a database of their own, which no switch daemon reads, and into which this writes what
 * one would write. The flows go to a real `ovs-vswitchd` with simulated ports, to a bridge of the same datapath id,
 * whose management socket is linked beside the first database's. Flows may name ports that do not exist.
 */
import { mkdirSync, symlinkSync } from 'node:fs';
import { PrivateSwitch } from '../packages/lab/src/index.ts';
import { run } from '../packages/lab/src/run.ts';
import { Ovsdb } from '../packages/ovsdb/src/index.ts';
import { dpid, portName } from './topology.ts';

const bridge = 'br0';
const portsAtOnce = 1000;
const schema = '/usr/share/openvswitch/vswitch.ovsschema';

export class ScaleSwitch implements AsyncDisposable {
  /** Where the flows go. */
  readonly real: PrivateSwitch;
  /** What an agent is told: the database that has the ports. */
  readonly ovsdb: string;

  private constructor(real: PrivateSwitch, directory: string) {
    this.real = real;
    this.ovsdb = `unix:${directory}/db.sock`;
  }

  /** With ports for guests 0 to `ports - 1`. Ends with its scope, or when a signal ends the process. */
  static async start(ports: number): Promise<ScaleSwitch> {
    const real = await PrivateSwitch.start({ dummy: true });
    try {
      await real.addBridge({ name: bridge, datapathId: dpid });
      const directory = `${real.runDirectory}/ports`;
      mkdirSync(directory);
      const made = new ScaleSwitch(real, directory);
      await startDatabase(real, directory);
      symlinkSync(made.management, `${directory}/${bridge}.mgmt`);
      await made.#write(ports);
      return made;
    } catch (error) {
      await real[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Path of the socket that takes OpenFlow connections. */
  get management(): string {
    return this.real.managementSocket(bridge);
  }

  /** Everything that was started is in the ledger of the real switch. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.real[Symbol.asyncDispose]();
  }

  async #write(ports: number): Promise<void> {
    await using database = new Ovsdb({ target: this.ovsdb });
    const up = new Promise((resolve) => database.once('up', () => resolve(undefined)));
    database.start();
    await up;
    await database.transact(bridgeOperations());
    for (let first = 0; first < ports; first += portsAtOnce) {
      await database.transact(portOperations(first, Math.min(first + portsAtOnce, ports)));
    }
  }
}

async function startDatabase({ ledger, env }: PrivateSwitch, directory: string): Promise<void> {
  const program = 'ovsdb-server';
  const [file, pidFile] = [`${directory}/conf.db`, `${directory}/${program}.pid`];
  await run('ovsdb-tool', ['create', file, schema]);
  const remote = `--remote=punix:${directory}/db.sock`;
  const common = ['--detach', '--no-chdir', '--unixctl=none', '--log-file=/dev/null', '-vconsole:off', '-vsyslog:off'];
  await ledger.make({ kind: 'daemon', program, pidFile, marker: directory }, () =>
    run(program, [file, remote, `--pidfile=${pidFile}`, ...common], { env }),
  );
  await run('ovs-vsctl', [`--db=unix:${directory}/db.sock`, '--no-wait', 'init']);
}

function bridgeOperations(): object[] {
  const row = { name: bridge, datapath_type: 'dummy', datapath_id: dpid, fail_mode: 'secure' };
  return [
    { op: 'insert', table: 'Interface', 'uuid-name': 'i', row: { name: bridge, type: 'internal', ofport: 65_534 } },
    { op: 'insert', table: 'Port', 'uuid-name': 'p', row: { name: bridge, interfaces: ['named-uuid', 'i'] } },
    { op: 'insert', table: 'Bridge', 'uuid-name': 'b', row: { ...row, ports: ['named-uuid', 'p'] } },
    { op: 'mutate', table: 'Open_vSwitch', where: [], mutations: [['bridges', 'insert', ['named-uuid', 'b']]] },
    // Whoever changes a setting waits until the switch daemon has followed: here it always has.
    { op: 'update', table: 'Open_vSwitch', where: [], row: { cur_cfg: 1_000_000_000 } },
  ];
}

function portOperations(first: number, end: number): object[] {
  const operations: object[] = [];
  const ports: [string, string][] = [];
  for (let guest = first; guest < end; guest++) {
    const row = { name: portName(guest), type: 'dummy', ofport: guest + 1, link_state: 'up', admin_state: 'up' };
    const interfaces = ['named-uuid', `i${guest}`];
    operations.push({ op: 'insert', table: 'Interface', 'uuid-name': `i${guest}`, row });
    operations.push({ op: 'insert', table: 'Port', 'uuid-name': `p${guest}`, row: { name: row.name, interfaces } });
    ports.push(['named-uuid', `p${guest}`]);
  }
  const mutations = [['ports', 'insert', ['set', ports]]];
  return [...operations, { op: 'mutate', table: 'Bridge', where: [['name', '==', bridge]], mutations }];
}
