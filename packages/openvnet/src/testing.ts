/**
 * The field report's host for lab tests: a real switch in a network namespace of its own, six namespaces as guests, and
 * the programs as processes beside the switch, where they can be killed and started again.
 */
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type Guest, Lab, PrivateSwitch, patience } from '@openvnet/lab';

type Program = 'manager' | 'agent';
type Form = Readonly<Record<string, string>>;

const programs: Readonly<Record<Program, string>> = {
  manager: fileURLToPath(new URL('../../manager/bin/vnmgr', import.meta.url)),
  agent: fileURLToPath(new URL('../../agent/bin/vna', import.meta.url)),
};

const guests = [
  [1, 1, '172.16.1.1'],
  [2, 1, '172.16.1.2'],
  [3, 2, '172.16.2.3'],
  [4, 2, '172.16.2.4'],
  [5, 3, '172.16.1.1'],
  [6, 3, '172.16.1.2'],
] as const;

/** When a flow came into the switch: between these two moments, in seconds. */
export type Arrivals = ReadonlyMap<string, readonly [earliest: number, latest: number]>;

export class ReportHost implements AsyncDisposable {
  readonly vswitch: PrivateSwitch;
  readonly lab: Lab;
  readonly #running = new Map<Program, ChildProcess>();

  private constructor(vswitch: PrivateSwitch, lab: Lab) {
    this.vswitch = vswitch;
    this.lab = lab;
  }

  /** The switch and the guests; `programs` are started, and then the topology is registered and in effect. */
  static async start(): Promise<ReportHost> {
    const vswitch = await PrivateSwitch.start();
    await vswitch.addBridge({
      name: 'br0',
      datapathId: '000002fdee8e0a44',
      failMode: 'standalone',
      otherConfig: { 'disable-in-band': 'true' },
      controller: 'tcp:127.0.0.1:6633',
    });
    const host = new ReportHost(vswitch, await Lab.create(vswitch));
    await host.lab.namespaces(
      guests.map(([n, network, address]) => ({
        name: `ns${n}`,
        bridge: 'br0',
        port: `if-veth${n}`,
        mac: `52:54:00:0d:84:0${n}`,
        addresses: [`${address}/24`],
        routes: network < 3 ? [{ to: `172.16.${3 - network}.0/24`, via: `172.16.${network}.254` }] : [],
      })),
    );
    await host.run('manager');
    await host.run('agent');
    await host.#register();
    await host.settled();
    return host;
  }

  /** A guest of the report, 1 to 6. */
  ns(number: number): Guest {
    return this.lab.guest(`ns${number}`);
  }

  /** Starts a program; the manager is there when this returns. */
  async run(program: Program): Promise<void> {
    const { runDirectory: directory, ovsdb } = this.vswitch;
    const options = {
      manager: ['--store', `${directory}/store.db`, '--log-level', 'warn'],
      agent: ['--ovsdb', ovsdb, '--state', `${directory}/agent`, '--node-id', 'node1', '--log-level', 'warn'],
    }[program];
    const log = openSync(this.#log(program), 'a');
    const child = this.#spawn([programs[program], ...options], { stdio: ['ignore', log, log] });
    closeSync(log);
    this.#running.set(program, child);
    if (program === 'agent') return;
    const reason = (error: Error): string => `${error.message}${readFileSync(this.#log(program), 'utf8')}`;
    await until(() => this.api('GET', '/status').then(Boolean, reason));
  }

  /** What a program has to say. */
  #log(program: Program): string {
    return `${this.vswitch.runDirectory}/${program}.log`;
  }

  /** Kills a program as a crash would. */
  async kill9(program: Program): Promise<void> {
    const child = this.#running.get(program);
    this.#running.delete(program);
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  }

  /** A call of the API, from beside the manager; throws what is refused. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
  async api(method: string, path: string, form: Form = {}): Promise<any> {
    const data = Object.entries(form).flatMap(([name, value]) => ['--data-urlencode', `${name}=${value}`]);
    const url = `http://127.0.0.1:9090/api/1.0${path}`;
    return JSON.parse(await this.beside('curl', '-sS', '--fail-with-body', '-X', method, ...data, url));
  }

  /** Runs a program in the network namespace of the switch. */
  async beside(command: string, ...args: string[]): Promise<string> {
    const child = this.#spawn([command, ...args]);
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (text) => (output += String(text)));
    const [code] = await once(child, 'close');
    if (code !== 0) throw new Error(`${command} ${args.join(' ')}: ${output}`);
    return output;
  }

  /** Waits until the switch has acknowledged all that is registered, and nothing waits. */
  async settled(): Promise<void> {
    await until(async () => {
      const { agents, datapaths, manager, unrealised } = await this.api('GET', '/status');
      const revisions = [agents[0]?.revision, datapaths[0]?.revision];
      const done = unrealised.length === 0 && revisions.every((revision) => revision === manager.revision);
      return (done && agents[0].connected) || JSON.stringify({ agents, datapaths, unrealised });
    });
  }

  async arrivals(): Promise<Arrivals> {
    const now = (): number => performance.now() / 1000;
    const before = now();
    const dump = await this.vswitch.ofctl('dump-flows', 'br0');
    const after = now();
    const flows = [
      ...dump.matchAll(/^ (cookie=\S+) duration=([\d.]+)s, (table=\d+), (?:n_\w+=\d+, |\w+_age=\d+, )*(.*)$/gm),
    ];
    return new Map(
      flows.map(([, cookie, seconds, table, flow]) => [
        `${cookie} ${table} ${flow}`,
        [before - Number(seconds), after - Number(seconds)],
      ]),
    );
  }

  #spawn(words: readonly string[], options: SpawnOptions = {}): ChildProcess {
    const [command, ...args] = ['ip', 'netns', 'exec', this.vswitch.namespace!, ...words];
    return spawn(command!, args, options);
  }

  async #register(): Promise<void> {
    const call = (path: string, form: Form): Promise<unknown> => this.api('POST', path, form);
    await call('/datapaths', { uuid: 'dp-br0', display_name: 'br0', dpid: '0x000002fdee8e0a44', node_id: 'node1' });
    for (const n of [1, 2, 3]) {
      await call('/networks', {
        uuid: `nw-net${n}`,
        display_name: `net${n}`,
        ipv4_network: `172.16.${n === 2 ? 2 : 1}.0`,
      });
    }
    for (const [n, network, ipv4_address] of guests) await this.registerGuest(n, network, ipv4_address);
    await call('/route_links', { uuid: 'rl-vnetlink1', mac_address: '52:54:00:60:11:11' });
    for (const n of [1, 2]) {
      await call('/interfaces', {
        uuid: `if-vnet${n}gw`,
        network_uuid: `nw-net${n}`,
        mac_address: `52:54:00:74:00:0${n}`,
        ipv4_address: `172.16.${n}.254`,
        mode: 'simulated',
      });
      const route = { uuid: `r-vnet${n}`, interface_uuid: `if-vnet${n}gw`, route_link_uuid: 'rl-vnetlink1' };
      await call('/routes', { ...route, ipv4_network: `172.16.${n}.0` });
    }
  }

  async registerGuest(n: number, network: number, ipv4_address: string): Promise<void> {
    const mac_address = `52:54:00:0d:84:0${n}`;
    await this.api('POST', '/interfaces', {
      uuid: `if-veth${n}`,
      network_uuid: `nw-net${network}`,
      ipv4_address,
      mac_address,
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const program of ['agent', 'manager'] as const) await this.kill9(program);
    await this.lab[Symbol.asyncDispose]();
    await this.vswitch[Symbol.asyncDispose]();
  }
}

/** Flows that are not what they were: gone, new, or added again in between. */
export function touched(before: Arrivals, after: Arrivals): string[] {
  const apart = ([a, b]: readonly [number, number], [c, d]: readonly [number, number]): boolean =>
    c > b + 0.002 || d < a - 0.002;
  return [...new Set([...before.keys(), ...after.keys()])].filter((flow) => {
    const [was, is] = [before.get(flow), after.get(flow)];
    return !was || !is || apart(was, is);
  });
}

/** Asks until the answer is true, and gives the milliseconds; throws the last answer when it takes too long. */
export async function until(ask: () => Promise<unknown>, timeoutMs = 30_000 * patience): Promise<number> {
  const from = performance.now();
  for (;;) {
    const answer = await ask();
    const ms = performance.now() - from;
    if (answer === true) return ms;
    if (ms > timeoutMs) throw new Error(`not after ${timeoutMs} ms: ${answer}`);
    await sleep(20);
  }
}
