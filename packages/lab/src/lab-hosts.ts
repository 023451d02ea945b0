/**
 * Hosts for tests: each with an Open vSwitch and an agent, and one manager, all real programs. Removed at the end of its
 * scope (`await using`), by a signal, or by the next test where the process was killed.
 */
import { randomInt } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Client, createClient } from '@openvnet/client';
import { attachmentsOf } from './attachments.ts';
import { forget, remember } from './cleanup.ts';
import type { Guest } from './guest.ts';
import { type GuestOptions, Lab } from './lab.ts';
import type { LabHost } from './lab-host.ts';
import type { NetPlan } from './lab-plan.ts';
import { Ledger } from './ledger.ts';
import { managerFor } from './many-hosts.ts';
import { makeNet, type Net } from './net.ts';
import { patience } from './patience.ts';
import { moveGuest } from './plug.ts';
import { directoryPrefix, removeAbandoned, usualDatapath } from './private-switch.ts';
import { Program, startServing } from './programs.ts';
import { LabError } from './run.ts';
import { stateDirectory } from './trusted.ts';
import type { Underlay } from './underlay.ts';

export interface LabHostsOptions {
  /** How many; they are called h1, h2, ... */
  readonly hosts: number;
  /** How many underlay networks (rack1, rack2, ...), joined by the router `core`; host N is in number N modulo this. One unless given. */
  readonly underlays?: number;
  /** Of the underlay networks; 1600 unless given. */
  readonly mtu?: number;
  /** Uplinks of hosts by port, into networks without addresses of hosts: `{ h2: { eth1: 'wan' } }`. */
  readonly uplinks?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Whether the datapaths dp-h1, dp-h2, ... are registered and the agents started; true unless given. */
  readonly agents?: boolean;
}

/** What a test says of a guest. */
export type HostGuestOptions = Omit<GuestOptions, 'bridge'>;

/** The bridge of guests on each host. */
const bridge = 'br0';
const port = 9090;

export class LabHosts implements AsyncDisposable {
  readonly plan: NetPlan;
  readonly ledger: Ledger;
  readonly manager: Program;
  /** Where the manager serves. */
  readonly url: string;
  readonly client: Client;
  readonly hosts: readonly LabHost[];
  readonly #net: Net;
  readonly #prefix: string;
  readonly #guests = new Map<Guest, LabHost>();

  private constructor(plan: NetPlan, made: { net: Net; ledger: Ledger; prefix: string }) {
    const { net, ledger, prefix } = made;
    this.plan = plan;
    this.ledger = ledger;
    this.#net = net;
    this.#prefix = prefix;
    this.hosts = [...net.hosts.values()];
    const [address] = Object.values(plan.manager!.underlays).flat();
    this.url = `http://${address}:${port}`;
    this.client = createClient({ api: this.url });
    const { directory } = ledger;
    const store = `${directory}/store.db`;
    const args = ['--listen', `${address}:${port}`, '--insecure', '--store', store];
    this.manager = new Program({ program: 'vnmgr', ledger, directory, marker: `--store ${store}`, args });
  }

  /** Starts hosts, manager and agents. Returns when all agents are connected. */
  static async start(options: LabHostsOptions): Promise<LabHosts> {
    if (process.getuid?.() !== 0) throw new LabError('a lab needs root: it makes devices and network namespaces');
    await removeAbandoned();
    const ledger = Ledger.begin(mkdtempSync(join(stateDirectory(), directoryPrefix)));
    const ending = { [Symbol.asyncDispose]: () => ledger.undoAll() };
    remember(ending);
    try {
      const { directory: path } = ledger;
      await ledger.make({ kind: 'directory', path, outlivesBoot: true }, async () => {});
      const plan = planOf(options);
      const prefix = `vn${randomInt(36 ** 5).toString(36)}-`;
      const net = await makeNet(plan, { ledger, prefix, say: () => {}, datapath: usualDatapath() });
      const made = new LabHosts(plan, { net, ledger, prefix });
      await made.startManager();
      if (options.agents ?? true) await made.#startAgents();
      remember(made);
      return made;
    } catch (error) {
      await ledger.undoAll();
      throw error;
    } finally {
      forget(ending);
    }
  }

  host(name: string): LabHost {
    return this.#net.hosts.get(name) ?? missing('host', name, this.#net.hosts);
  }

  underlay(name = 'rack1'): Underlay {
    return this.#net.underlays.get(name) ?? missing('underlay', name, this.#net.underlays);
  }

  /** Makes a guest on a host. Its port is called `if-` and its name unless given. */
  async guest(host: string, options: HostGuestOptions): Promise<Guest> {
    const at = this.host(host);
    const lab = await Lab.create(at.vswitch, { prefix: this.#prefix, ledger: this.ledger, keep: true });
    const guest = await lab.namespace({ port: `if-${options.name}`, ...options, bridge });
    this.#guests.set(guest, at);
    return guest;
  }

  /** The host that a guest is on. */
  hostOf(guest: Guest): LabHost {
    return this.#guests.get(guest)!;
  }

  /** Moves a guest to another host; for so long both have its port. */
  async move(guest: Guest, host: string, { overlapMs = 1000 } = {}): Promise<void> {
    const [from, to] = [this.hostOf(guest), this.host(host)];
    await moveGuest(guest, { from: { vswitch: from.vswitch, bridge }, to: { vswitch: to.vswitch, bridge }, overlapMs });
    this.#guests.set(guest, to);
  }

  /** Stops all packets between a host, or `core` or `manager`, and the underlay networks, whose carrier stays. */
  async cut(owner: string): Promise<void> {
    for (const { underlay, port: at } of this.#attachmentsOf(owner)) await this.underlay(underlay).cut(at);
  }

  async join(owner: string): Promise<void> {
    for (const { underlay, port: at } of this.#attachmentsOf(owner)) await this.underlay(underlay).join(at);
  }

  /** Drops a share of these packets. */
  async lose(owner: string, percent: number): Promise<void> {
    for (const one of this.#attachmentsOf(owner)) await this.underlay(one.underlay).lose(one, percent);
  }

  /** A call of the API with a form as its body; throws what is refused. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
  async api(method: string, path: string, form?: Readonly<Record<string, string>>): Promise<any> {
    const body = form && new URLSearchParams(form);
    const answer = await fetch(`${this.url}/api/1.0${path}`, { method, ...(body && { body }) });
    const text = await answer.text();
    if (!answer.ok) throw new LabError(`${method} ${path}: ${answer.status} ${text}`);
    return JSON.parse(text);
  }

  /** Waits until everything that is registered is in effect. */
  async settled(): Promise<void> {
    await this.#until(async () => {
      const { agents, datapaths, manager, unrealised } = await this.client.status();
      const revisions = [...agents, ...datapaths.filter(({ uuid }) => uuid)].map(({ revision }) => revision);
      const all = agents.length >= this.hosts.length && agents.every(({ connected }) => connected);
      const done = all && unrealised.length === 0 && revisions.every((revision) => revision === manager.revision);
      return done || JSON.stringify({ agents, datapaths, unrealised });
    });
  }

  /** Starts the manager, where it does not run. Returns when it serves. */
  async startManager(): Promise<void> {
    await startServing(this.client, this.manager);
  }

  /** Starts the agent of a host, where it does not run. */
  async startAgent(host: string): Promise<void> {
    await this.host(host).startAgent(managerFor(host, this.plan, port));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.ledger.undoAll();
    forget(this);
  }

  async #startAgents(): Promise<void> {
    for (const [index, { name }] of this.hosts.entries()) {
      await this.client.datapaths.create({
        uuid: `dp-${name}`,
        display_name: bridge,
        dpid: dpidOf(index),
        node_id: name,
      });
      await this.startAgent(name);
    }
    await this.settled();
  }

  #attachmentsOf(owner: string) {
    const found = attachmentsOf({ ...this.plan, namespaces: [] }, this.#prefix).filter((one) => one.owner === owner);
    if (found.length === 0) throw new LabError(`nobody called ${owner} is in an underlay network`);
    return found;
  }

  async #until(ask: () => Promise<true | string>): Promise<void> {
    for (const deadline = performance.now() + 30_000 * patience; ; await sleep(20)) {
      const answer = await ask();
      if (answer === true) return;
      if (performance.now() > deadline) throw new LabError(`not in time: ${answer}`);
    }
  }
}

function planOf({ hosts: count, underlays: racks = 1, mtu = 1600, uplinks = {} }: LabHostsOptions): NetPlan {
  const nets = freeNetworks(racks);
  const numbers = Array.from({ length: count }, (_, index) => index);
  const outside = [...new Set(Object.values(uplinks).flatMap((ports) => Object.values(ports)))];
  return {
    underlays: [
      ...nets.map((net, index) => ({ name: `rack${index + 1}`, network: [`${net}.0/24`], mtu })),
      ...outside.map((name) => ({ name, network: [], mtu: 1500 })),
    ],
    routers:
      racks > 1
        ? [{ name: 'core', underlays: Object.fromEntries(nets.map((net, at) => [`rack${at + 1}`, [`${net}.254`]])) }]
        : [],
    manager: { underlays: { rack1: [`${nets[0]}.250`] } },
    hosts: numbers.map((index) => ({
      name: `h${index + 1}`,
      underlays: { [`rack${(index % racks) + 1}`]: [`${nets[index % racks]}.${index + 1}`] },
      bridges: [{ name: bridge, datapath_id: dpidOf(index), uplinks: { ...uplinks[`h${index + 1}`] } }],
    })),
  };
}

function dpidOf(index: number): string {
  return (index + 1).toString(16).padStart(16, '0');
}

/** Networks for benchmarks (RFC 2544) that this machine is not in, so that labs can be beside each other. */
function freeNetworks(count: number): string[] {
  const taken = Object.values(networkInterfaces()).flatMap((all = []) => all.map(({ address }) => address));
  const found = new Set<string>();
  while (found.size < count) {
    const net = `198.${randomInt(18, 20)}.${randomInt(256)}`;
    if (!taken.some((address) => address.startsWith(`${net}.`))) found.add(net);
  }
  return [...found];
}

function missing(what: string, name: string, known: ReadonlyMap<string, unknown>): never {
  throw new LabError(`no ${what} is called ${name}; there are ${[...known.keys()].join(', ')}`);
}
