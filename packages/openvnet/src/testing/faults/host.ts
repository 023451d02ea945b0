/**
 * The host on which faults are made: manager, agent and a real switch with simulated ports, and `vnctl` against them. It
 * begins with the field report's topology in effect, guests 1 and 2 in `nw-net1`, 3 and 4 in `nw-net2`, and a router.
 */
import { once } from 'node:events';
import { copyFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { dirname, join } from 'node:path';
import { address, dpid, echo, Host, RogueSwitch, type Station, until, Wires } from '@openvnet/agent/testing';
import { runCommandLine, splitLine } from '@openvnet/cli';
import { OtherHost, type OtherHostOptions, startAgent } from './other-host.ts';
import { SmallDisk } from './small-disk.ts';

export interface Run {
  readonly code: number;
  /** Both streams as a terminal shows them. */
  readonly text: string;
}

const topology = [
  'datapath add --uuid dp-br0 --display-name br0 --dpid 0x000002fdee8e0a44 --node-id node1',
  'network add --uuid nw-net1 --ipv4-network 172.16.1.0/24',
  'network add --uuid nw-net2 --ipv4-network 172.16.2.0/24',
  ...[1, 2, 3, 4].map((n) => {
    const network = n < 3 ? 1 : 2;
    return `interface add --uuid if-veth${n} --network-uuid nw-net${network} --ipv4-address 172.16.${network}.${n} --mac-address 52:54:00:0d:84:0${n}`;
  }),
  'route_link add --uuid rl-router --mac-address 52:54:00:60:11:11',
  ...[1, 2].flatMap((n) => [
    `interface add --uuid if-gw${n} --mode simulated --network-uuid nw-net${n} --ipv4-address 172.16.${n}.254 --mac-address 52:54:00:74:00:0${n}`,
    `route add --uuid r-net${n} --interface-uuid if-gw${n} --route-link-uuid rl-router --ipv4-network 172.16.${n}.0/24`,
  ]),
];

export class FaultHost implements AsyncDisposable {
  readonly host: Host;
  readonly wires: Wires;

  /** What listens where switches may connect, in the way of the agent. */
  #taker: Server | undefined;
  #rogue: RogueSwitch | undefined;
  #disk: SmallDisk | undefined;
  #second: AsyncDisposable | undefined;
  /** Hosts beside this one. */
  readonly others: OtherHost[] = [];

  private constructor(host: Host) {
    this.host = host;
    this.wires = new Wires(host);
  }

  static async start(): Promise<FaultHost> {
    const made = new FaultHost(await Host.start());
    try {
      const { host } = made;
      await host.addBridge();
      for (const n of [1, 2, 3, 4]) await made.wires.plug(`if-veth${n}`, n);
      await made.register();
      await host.startAgent();
      await host.settled();
    } catch (error) {
      await made[Symbol.asyncDispose]();
      throw error;
    }
    return made;
  }

  /** Runs `vnctl` with the words of a line, split as a shell would. */
  async vnctl(line: string): Promise<Run> {
    let text = '';
    const write = (part: string): void => {
      text += part;
    };
    const env = { OPENVNET_API: this.host.managerUrl, HOME: '/nonexistent' };
    const code = await runCommandLine(splitLine(line), { out: write, err: write, fancy: false, env });
    return { code, text };
  }

  /** Runs `vnctl`; throws what it says where it fails. */
  async must(line: string): Promise<string> {
    const { code, text } = await this.vnctl(line);
    if (code !== 0) throw new Error(`vnctl ${line}: ${text}`);
    return text;
  }

  /** Runs a line as `docs/faults.md` and answers print it: commands joined by `&&`, until one fails. */
  async type(line: string): Promise<Run> {
    let run: Run = { code: 0, text: '' };
    for (const command of line.split(' && ')) {
      const { code, text } = await this.#command(command);
      run = { code, text: run.text + text };
      if (code !== 0) break;
    }
    return run;
  }

  /** Runs one command, of `vnctl` or of the switch. */
  async #command(command: string): Promise<Run> {
    const [program, ...words] = splitLine(command) as [string, ...string[]];
    if (program === 'vnctl') return this.vnctl(command.slice('vnctl '.length));
    if (program === 'ovs-vsctl') return { code: 0, text: await this.host.vswitch.vsctl(...words) };
    if (program === 'ovs-ofctl') return { code: 0, text: await this.host.vswitch.ofctl(...words) };
    throw new Error(`a test cannot run ${command}: say how with \`by\``);
  }

  /** Types a command until its answer says all of `says`, as long as news takes to come; throws what it said in the end. */
  async answers(command: string, says: readonly (string | RegExp)[], seconds = 3): Promise<Run> {
    let run: Run = { code: 0, text: '' };
    const lacks = (): (string | RegExp)[] =>
      says.filter((wanted) => (typeof wanted === 'string' ? !run.text.includes(wanted) : !wanted.test(run.text)));
    await until(
      async () => {
        run = await this.type(command);
        return lacks().length === 0 || `${command} does not say ${lacks().join(' and ')}:\n${run.text}`;
      },
      { timeoutMs: seconds * 1000, everyMs: 100 },
    );
    return run;
  }

  /** Waits until the answer to a command no longer says something. */
  async stopsSaying(command: string, what: RegExp): Promise<void> {
    await until(async () => {
      const { text } = await this.type(command);
      return !what.test(text) || text;
    });
  }

  /** The topology that it begins with. */
  async register(): Promise<void> {
    for (const line of topology) await this.must(line);
  }

  /** Another program listens where the agent does, until `free`. */
  async take(): Promise<void> {
    await this.host.stopAgent();
    const { host, port } = this.host.openflow;
    this.#taker = createServer().listen(port, host);
    await once(this.#taker, 'listening');
    await this.host.startAgent();
  }

  async free(): Promise<void> {
    await this.#taker?.[Symbol.asyncDispose]();
    this.#taker = undefined;
  }

  /** Starts another host of the same manager. */
  async other(options: Omit<OtherHostOptions, 'manager'>): Promise<void> {
    this.others.push(await OtherHost.start({ manager: this.host.managerUrl, ...options }));
  }

  /** A program poses as the bridge, until `endPose`. */
  async pose(): Promise<void> {
    this.#rogue = new RogueSwitch(this.host.openflow, dpid);
  }

  async endPose(): Promise<void> {
    this.#rogue?.[Symbol.dispose]();
    this.#rogue = undefined;
  }

  /** Moves the store to a small disk and fills that with objects, until `freeDisk`. */
  async fillDisk(): Promise<void> {
    const { host } = this;
    await host.stopManager();
    this.#disk = new SmallDisk(join(dirname(host.store), 'small'));
    const store = join(this.#disk.directory, 'store.db');
    copyFileSync(host.store, store);
    host.store = store;
    await host.startManager();
    this.#disk.fill();
    for (let i = 0; (await this.vnctl(`network add --uuid nw-n${i} --ipv4-network 10.0.0.0/8`)).code === 0; i++);
  }

  freeDisk(): void {
    this.#disk?.free();
  }

  /** Starts a second agent on this host. */
  async secondAgent(): Promise<void> {
    const { managerUrl: manager, vswitch } = this.host;
    this.#second = await startAgent({ manager, node: 'node2', ovsdb: vswitch.ovsdb });
  }

  async stopSecondAgent(): Promise<void> {
    await this.#second?.[Symbol.asyncDispose]();
    this.#second = undefined;
  }

  async unplug(port: string): Promise<void> {
    await this.host.vswitch.deletePorts(port);
    this.wires.unplug(port);
  }

  async link(port: string, state: 'up' | 'down'): Promise<void> {
    await this.host.vswitch.appctl('netdev-dummy/set-admin-state', port, state);
  }

  /** A guest of the topology. */
  guest(n: number): Station {
    return { mac: 0x525400_0d8400 + n, ip: address(`172.16.${n < 3 ? 1 : 2}.${n}`) };
  }

  /** A guest sends an echo request to another of its network, as it is or with other addresses. */
  async ping(from: number, to: number, as: Partial<Station> = {}): Promise<void> {
    await this.wires.send(`if-veth${from}`, echo({ ...this.guest(from), ...as }, this.guest(to)));
  }

  /** Waits until a trace says that the packet arrives; throws what it says otherwise. */
  async arrives(line = '--from if-veth1 --to 172.16.1.2'): Promise<void> {
    await until(async () => {
      const { code, text } = await this.vnctl(`trace ${line}`);
      return code === 0 || text;
    });
  }

  /** Waits until an object is in effect. */
  async inEffect(uuid: string): Promise<void> {
    await until(async () => {
      const { text } = await this.vnctl(`explain ${uuid}`);
      return !/not in effect/.test(text) || text;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.free();
    await this.endPose();
    await this.stopSecondAgent();
    for (const other of this.others) await other[Symbol.asyncDispose]();
    await this.host.stopManager();
    this.#disk?.[Symbol.dispose]();
    await this.host[Symbol.asyncDispose]();
  }
}
