/**
 * A host of a lab of several: a network namespace with an Open vSwitch and an agent of its own. Packets between hosts go
 * through `br-phy`, a bridge for each underlay network that has the host's address there: in the userspace datapath
 * tunnels leave by the bridge with the address.
 */
import { isIPv6 } from 'node:net';
import type { Attachment } from './attachments.ts';
import { bridgeOptions, ensureBridge, type Making, portsOf } from './bridges.ts';
import type { HostPlan, NetPlan } from './lab-plan.ts';
import { macOf } from './links.ts';
import { ensureNamespace, quietHost } from './namespaces.ts';
import type { DatapathKind } from './open-vswitch.ts';
import { PrivateSwitch } from './private-switch.ts';
import { Program } from './programs.ts';
import { type Finished, type RunOptions, run } from './run.ts';
import type { Underlay } from './underlay.ts';
import { giveAddresses } from './underlay-routes.ts';

export interface HostMaking extends Making {
  readonly net: NetPlan;
  readonly underlays: ReadonlyMap<string, Underlay>;
  /** Its own. */
  readonly attachments: readonly Attachment[];
  readonly datapath: Exclude<DatapathKind, 'dummy'>;
}

export class LabHost {
  readonly name: string;
  readonly namespace: string;
  readonly vswitch: PrivateSwitch;
  readonly #plan: HostPlan;
  readonly #net: NetPlan;
  readonly #attachments: readonly Attachment[];
  #agent: Program | undefined;

  private constructor(plan: HostPlan, { net, prefix, attachments }: HostMaking, vswitch: PrivateSwitch) {
    this.name = plan.name;
    this.namespace = `${prefix}${plan.name}`;
    this.#plan = plan;
    this.#net = net;
    this.#attachments = attachments;
    this.vswitch = vswitch;
  }

  /** Makes what is missing of it, but for the agent. */
  static async make(plan: HostPlan, making: HostMaking): Promise<LabHost> {
    const { ledger, prefix, datapath } = making;
    const namespace = `${prefix}${plan.name}`;
    await ensureNamespace({ name: namespace, ledger }, quietHost);
    const directory = directoryOf(ledger.directory, plan.name);
    const vswitch = await PrivateSwitch.start({ directory, ledger, namespace, datapath });
    const host = new LabHost(plan, making, vswitch);
    for (const bridge of plan.bridges) await host.#makeBridge(bridge, making);
    for (const one of making.attachments) await host.#attach(one, making.underlays.get(one.underlay)!);
    await host.address();
    return host;
  }

  /** The addresses in the underlay networks, in the order of the file. */
  get addresses(): string[] {
    return Object.values(this.#plan.underlays).flat();
  }

  /** Gives the host its addresses and routes, which are gone when vswitchd was started again. */
  async address(): Promise<void> {
    const { namespace } = this;
    const { underlays: attached } = this.#plan;
    for (const [underlay, addresses] of Object.entries(attached)) {
      const bridge = this.#bridgeOf(underlay);
      const quiet = addresses.some(isIPv6) ? 0 : 1;
      const settings = [`net/ipv4/conf/${bridge}/arp_ignore=0`, `net/ipv6/conf/${bridge}/disable_ipv6=${quiet}`];
      await run('ip', ['netns', 'exec', namespace, 'sysctl', '-qw', ...settings]);
    }
    await giveAddresses(namespace, attached, {
      plan: this.#net,
      deviceOf: (underlay) => this.#bridgeOf(underlay),
    });
  }

  /** Starts the agent, or starts it again. */
  async startAgent(manager: string): Promise<void> {
    const { vswitch, name, namespace } = this;
    const directory = vswitch.runDirectory;
    const state = `${directory}/agent`;
    const args = ['--manager', manager, '--ovsdb', vswitch.ovsdb, '--node-id', name, '--state', state];
    const { ledger } = vswitch;
    const marker = `--state ${state}`;
    this.#agent = new Program({ program: 'vna', ledger, directory, namespace, marker, args });
    await this.#agent.start();
  }

  /** The agent, once it was started. */
  get agent(): Program {
    return this.#agent!;
  }

  /** Ends a program of the switch, if it runs, and starts it again, with the addresses in the underlay. */
  async restartSwitch(which: 'ovs-vswitchd' | 'ovsdb-server' = 'ovs-vswitchd'): Promise<void> {
    await this.vswitch.restart(which);
    await this.address();
  }

  /** Runs a program on the host to its end, where `ovs-vsctl` and the like find its switch. */
  exec(command: string, args: readonly string[] = [], options: RunOptions = {}): Promise<Finished> {
    return run('ip', ['netns', 'exec', this.namespace, command, ...args], {
      ...options,
      env: { ...this.vswitch.env, ...options.env },
    });
  }

  async #makeBridge(plan: HostPlan['bridges'][number], { ledger, say }: HostMaking): Promise<void> {
    await ensureBridge(this.vswitch, bridgeOptions(plan), { ledger, say: (line) => say(`${this.name}: ${line}`) });
  }

  async #attach(attachment: Attachment, underlay: Underlay): Promise<void> {
    const { namespace, vswitch } = this;
    const { end, bridge = '' } = attachment;
    await underlay.attach(attachment);
    await run('ip', ['-n', namespace, 'link', 'set', 'dev', end.device, 'up']);
    if (!this.#plan.bridges.some(({ name }) => name === bridge)) {
      const own = { name: bridge, failMode: 'standalone', otherConfig: { hwaddr: macOf(namespace, bridge) } } as const;
      await ensureBridge(vswitch, own, { ledger: vswitch.ledger, say: () => {} });
      await vswitch.vsctl('set', 'Interface', bridge, `mtu_request=${underlay.mtu}`);
    }
    if (!(await portsOf(vswitch, bridge)).includes(end.device)) await vswitch.addPort(bridge, end.device);
  }

  /** The bridge with the host's address in an underlay network. */
  #bridgeOf(underlay: string): string {
    const isIt = (one: Attachment): boolean => one.underlay === underlay && one.port === this.name;
    return this.#attachments.find(isIt)!.bridge!;
  }
}

/** Where the switch and the agent of a host have their files. */
export function directoryOf(labDirectory: string, host: string): string {
  return `${labDirectory}/hosts/${host}`;
}
