/**
 * A host of a lab of several: a network namespace with an Open vSwitch and an agent of its own. Packets between hosts go
 * through `br-phy`, a bridge for each underlay network that has the host's address there: in the userspace datapath
 * tunnels leave by the bridge with the address.
 */
import { isIPv6 } from 'node:net';
import { bridgeOptions, ensureBridge, type Making, portsOf } from './bridges.ts';
import type { HostPlan, NetPlan } from './lab-plan.ts';
import { deviceName, macOf } from './links.ts';
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
  readonly datapath: Exclude<DatapathKind, 'dummy'>;
}

export class LabHost {
  readonly name: string;
  readonly namespace: string;
  readonly vswitch: PrivateSwitch;
  readonly #plan: HostPlan;
  readonly #net: NetPlan;
  #agent: Program | undefined;

  private constructor(plan: HostPlan, { net, prefix }: HostMaking, vswitch: PrivateSwitch) {
    this.name = plan.name;
    this.namespace = `${prefix}${plan.name}`;
    this.#plan = plan;
    this.#net = net;
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
    for (const underlay of Object.keys(plan.underlays)) await host.#makeUnderlay(making.underlays.get(underlay)!);
    await host.address();
    for (const bridge of plan.bridges) await host.#makeBridge(bridge, making);
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
      const { bridge } = this.#portsOf(underlay);
      const quiet = addresses.some(isIPv6) ? 0 : 1;
      const settings = [`net/ipv4/conf/${bridge}/arp_ignore=0`, `net/ipv6/conf/${bridge}/disable_ipv6=${quiet}`];
      await run('ip', ['netns', 'exec', namespace, 'sysctl', '-qw', ...settings]);
    }
    await giveAddresses(namespace, attached, {
      plan: this.#net,
      deviceOf: (underlay) => this.#portsOf(underlay).bridge,
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

  async #makeUnderlay(underlay: Underlay): Promise<void> {
    const { namespace, vswitch, name } = this;
    const { bridge, device } = this.#portsOf(underlay.name);
    await underlay.attach(name, { namespace, device });
    await run('ip', ['-n', namespace, 'link', 'set', 'dev', device, 'up']);
    const mac = macOf(namespace, bridge);
    const options = { name: bridge, failMode: 'standalone', otherConfig: { hwaddr: mac } } as const;
    await ensureBridge(vswitch, options, { ledger: vswitch.ledger, say: () => {} });
    await vswitch.vsctl(
      '--may-exist',
      'add-port',
      bridge,
      device,
      '--',
      'set',
      'Interface',
      bridge,
      `mtu_request=${underlay.mtu}`,
    );
  }

  async #makeBridge(plan: HostPlan['bridges'][number], { underlays, ledger, say }: HostMaking): Promise<void> {
    const { namespace, vswitch, name } = this;
    await ensureBridge(vswitch, bridgeOptions(plan), { ledger, say: (line) => say(`${name}: ${line}`) });
    for (const [port, underlay] of Object.entries(plan.uplinks ?? {})) {
      await underlays.get(underlay)!.attach(deviceName(name, port), { namespace, device: port });
      await run('ip', ['-n', namespace, 'link', 'set', 'dev', port, 'up']);
      if (!(await portsOf(vswitch, plan.name)).includes(port)) await vswitch.addPort(plan.name, port);
    }
  }

  /** What leads to an underlay network: the bridge with the address, and its port. */
  #portsOf(underlay: string): { bridge: string; device: string } {
    const index = Object.keys(this.#plan.underlays).indexOf(underlay);
    return { bridge: `br-phy${index || ''}`, device: `under${index}` };
  }
}

/** Where the switch and the agent of a host have their files. */
export function directoryOf(labDirectory: string, host: string): string {
  return `${labDirectory}/hosts/${host}`;
}
