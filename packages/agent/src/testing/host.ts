/**
 * One host for tests: a real switch with simulated ports, a real manager with its store in a file, and the agent, each of
 * which can be started, stopped and started again.
 */
import { randomInt } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Compiler, derivations, features, portOf } from '@openvnet/compiler';
import { PrivateSwitch } from '@openvnet/lab';
import { type Manager, startManager } from '@openvnet/manager';
import type { SystemStatus } from '@openvnet/model';
import { dial, type EncodedFlow, type InstalledFlow } from '@openvnet/openflow';
import pino from 'pino';
import { Agent, type AgentOptions } from '../agent.ts';

export const dpid = '000002fdee8e0a44';

type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';

export class Host implements AsyncDisposable {
  readonly vswitch: PrivateSwitch;
  /** Where the agent listens for switches: an address of loopback that no other test has. */
  readonly openflow = { host: `127.${randomInt(1, 255)}.${randomInt(256)}.${randomInt(1, 255)}`, port: 6633 };
  /** What manager and agent had to warn about, in their words. */
  readonly complaints: string[] = [];
  readonly #log = pino({ level: 'warn' }, { write: (line) => this.complaints.push(line) });
  readonly #directory = mkdtempSync(join(tmpdir(), 'openvnet-host-'));
  /** Where the manager has its store, the next time that it is started. */
  store = join(this.#directory, 'store.db');
  #manager: Manager | undefined;
  #agent: Agent | undefined;
  #managerPort = 0;

  private constructor(vswitch: PrivateSwitch) {
    this.vswitch = vswitch;
  }

  /** A host with a manager, and without a bridge and an agent. */
  static async start(): Promise<Host> {
    const host = new Host(await PrivateSwitch.start({ dummy: true }));
    await host.startManager();
    return host;
  }

  get agent(): Agent {
    return this.#agent!;
  }

  /** The switch of the bridge `br0`, as the agent serves it. */
  get served(): Agent['switches'] extends { served(): (infer S)[] } ? S | undefined : never {
    return this.#agent?.switches.served()[0];
  }

  /** Where the manager is, or was before it was stopped. */
  get managerUrl(): string {
    return `http://127.0.0.1:${this.#managerPort}`;
  }

  async startManager(): Promise<void> {
    const { store } = this;
    const listen = { host: '127.0.0.1', port: this.#managerPort };
    this.#manager = await startManager({ listen, store, logger: this.#log });
    this.#managerPort = Number(new URL(this.#manager.url).port);
  }

  async stopManager(): Promise<void> {
    await this.#manager?.close();
    this.#manager = undefined;
  }

  /** Where the agent has its copy of the model. */
  get copy(): string {
    return join(this.#directory, 'agent', 'slice.jsonl');
  }

  /** `ovsdb` is where the agent finds the database, `manager` where the manager, unless there. */
  async startAgent({
    ovsdb = this.vswitch.ovsdb,
    manager = this.managerUrl,
    says = {},
    ...more
  }: Partial<Pick<AgentOptions, 'ovsdb' | 'manager' | 'says' | 'addresses' | 'tunnelAddress'>> = {}): Promise<void> {
    this.#agent = new Agent({
      ...more,
      manager,
      openflow: this.openflow,
      ovsdb,
      state: join(this.#directory, 'agent'),
      node: 'node1',
      says,
      log: this.#log,
    });
    await this.#agent.start();
  }

  async stopAgent(): Promise<void> {
    await this.#agent?.close();
    this.#agent = undefined;
  }

  /** A call of the API with a form as its body; throws what is refused. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
  async api(method: Method, path: string, form?: Readonly<Record<string, string>>): Promise<any> {
    const answer = await fetch(`${this.#manager!.url}/api/1.0${path}`, {
      method,
      // The manager may have been restarted in this very turn, so that the end of a kept connection is still unread.
      headers: { connection: 'close' },
      ...(form && { body: new URLSearchParams(form) }),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return JSON.parse(text);
  }

  /** Waits until the manager says that the switch has acknowledged everything and, unless told otherwise, nothing waits. */
  async settled({ complete = true, timeoutMs = 20_000 } = {}): Promise<void> {
    await until(
      async () => {
        const status = (await this.api('GET', '/status')) as SystemStatus;
        const done = hasSettled(status) && (!complete || status.unrealised.length === 0);
        return done || JSON.stringify(status);
      },
      { timeoutMs },
    );
  }

  /** What the switch holds, read over a connection of its own, in the order of the keys. */
  async flows(): Promise<InstalledFlow[]> {
    await using connection = await dial(`unix:${this.vswitch.managementSocket('br0')}`);
    return (await connection.dumpFlows()).sort((a, b) => (a.key < b.key ? -1 : 1));
  }

  /** Waits until the agent has closed a bridge that it serves no more, which is all that there was to warn about. */
  async closes(bridge: string): Promise<void> {
    const told = () => this.complaints.find((line) => line.includes('it forwards nothing'));
    await until(() => told() !== undefined || 'the agent has not closed it');
    const { bridge: closed, msg } = JSON.parse(this.complaints.splice(this.complaints.indexOf(told()!), 1)[0]!);
    if (closed !== bridge) throw new Error(`${closed}: ${msg}`);
  }

  async addBridge(): Promise<void> {
    await this.vswitch.addBridge({ name: 'br0', datapathId: dpid, failMode: 'standalone' });
  }

  async addPort(name: string, ofportRequest: number): Promise<void> {
    await this.vswitch.addPort('br0', name, { ofportRequest });
  }

  /** Kills a program of the switch and starts it again. */
  async crash(which: 'ovs-vswitchd' | 'ovsdb-server' = 'ovs-vswitchd'): Promise<void> {
    await this.vswitch.kill9(which);
    // While its last thread ends, it is still in the way.
    await until(() =>
      this.vswitch.restart(which).then(
        () => true,
        (error: Error) => error.message,
      ),
    );
  }

  /** The bridge dials the agent, as the bridges of the field report do. */
  async setController(): Promise<void> {
    await this.vswitch.vsctl('set-controller', 'br0', `tcp:${this.openflow.host}:${this.openflow.port}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stopAgent();
    await this.stopManager();
    await this.vswitch[Symbol.asyncDispose]();
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

/** Whether the only agent and its only switch have acknowledged everything. */
export function hasSettled({ manager, agents: [agent], datapaths: [datapath] }: SystemStatus): boolean {
  const { revision } = manager;
  return (
    agent?.connected === true &&
    agent.revision === revision &&
    datapath?.revision === revision &&
    datapath.flows !== null
  );
}

/** Asks until the answer is true; throws the last answer when it takes too long. */
export async function until(
  ask: () => Promise<unknown> | unknown,
  { timeoutMs = 20_000, everyMs = 10 } = {},
): Promise<number> {
  const from = performance.now();
  for (;;) {
    const answer = await ask();
    const ms = performance.now() - from;
    if (answer === true) return ms;
    if (ms > timeoutMs) throw new Error(`not after ${timeoutMs} ms: ${answer}`);
    await sleep(everyMs);
  }
}

/** A flow in its two strings, for comparison. */
export function textOf({ key, body }: EncodedFlow): string {
  return `${Buffer.from(key, 'latin1').toString('hex')} ${Buffer.from(body, 'latin1').toString('hex')}`;
}

/** The flows that a compiler made anew gives for what the agent knows of the model and of the ports. */
export function fromNothing({ agent, served }: Host): string[] {
  const compiler = new Compiler(served!.datapathId, agent.slice.relations, derivations, features);
  for (const [name, { ofport, ifaceId }] of agent.switches.ovsdb.bridges.get('br0')!.ports) {
    if (ofport !== undefined) compiler.relations.port.set(portOf({ id: ofport, name, iface_id: ifaceId ?? null }));
  }
  compiler.update();
  const flows = [...compiler.flows.keys()].map((key): EncodedFlow => ({ key, body: compiler.flows.get(key)! }));
  compiler.close();
  return flows.sort((a, b) => (a.key < b.key ? -1 : 1)).map(textOf);
}

/** When a flow came into the switch: between these two moments, in seconds. */
export type Arrivals = ReadonlyMap<string, readonly [earliest: number, latest: number]>;

/** When each flow came. */
export async function arrivals(host: Host): Promise<Arrivals> {
  const now = () => performance.now() / 1000;
  const before = now();
  const flows = await host.flows();
  const after = now();
  return new Map(flows.map((flow) => [textOf(flow), [before - flow.seconds, after - flow.seconds]]));
}

/** Flows that are in both and did not stay: they were added again in between. */
export function added(before: Arrivals, after: Arrivals): string[] {
  return [...after.keys()].filter((flow) => {
    const [was, is] = [before.get(flow), after.get(flow)!];
    // The switch counts in milliseconds.
    return was && (is[0] > was[1] + 0.002 || is[1] < was[0] - 0.002);
  });
}
