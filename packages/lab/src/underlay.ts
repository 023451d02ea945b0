/**
 * An underlay network: a learning bridge of the kernel in a network namespace of its own, to which hosts, routers,
 * stations and the manager are attached.
 */
import { type Capture, captureIn } from './capture.ts';
import type { Ledger } from './ledger.ts';
import { deviceName, type End, ensureLink, finishChecksums } from './links.ts';
import { ensureNamespace } from './namespaces.ts';
import { LabError, run } from './run.ts';

const bridge = 'underlay';

export class Underlay {
  readonly name: string;
  readonly namespace: string;
  readonly mtu: number;

  constructor({ name, mtu, prefix = '' }: { name: string; mtu: number; prefix?: string }) {
    this.name = name;
    this.namespace = `${prefix}${name}`;
    this.mtu = mtu;
  }

  /** Makes what is missing of it. */
  async make(ledger: Ledger): Promise<void> {
    const { namespace, mtu } = this;
    // The network itself says nothing.
    await ensureNamespace({ name: namespace, ledger }, [
      'net/ipv6/conf/default/disable_ipv6=1',
      'net/ipv6/conf/all/disable_ipv6=1',
    ]);
    const { code } = await run('ip', ['-n', namespace, 'link', 'show', 'dev', bridge], { mayFail: true });
    if (code !== 0) {
      const settings = ['stp_state', '0', 'forward_delay', '0', 'mcast_snooping', '0'];
      await run('ip', ['-n', namespace, 'link', 'add', 'name', bridge, 'type', 'bridge', ...settings]);
    }
    await run('ip', ['-n', namespace, 'link', 'set', 'dev', bridge, 'mtu', `${mtu}`, 'up']);
  }

  /** Attaches a device, which is made where it is missing and stays down; `port` names the network's side of it. */
  async attach(port: string, end: End): Promise<void> {
    const { namespace, mtu } = this;
    const device = deviceName(port);
    await ensureLink({ namespace, device }, end, mtu);
    await finishChecksums({ namespace, device });
    await finishChecksums(end);
    await run('ip', ['-n', namespace, 'link', 'set', 'dev', device, 'master', bridge, 'up']);
  }

  /** Stops all frames from and to a port, whose other end keeps its carrier. */
  async cut(port: string): Promise<void> {
    await this.#set(port, 'disabled');
  }

  async join(port: string): Promise<void> {
    await this.#set(port, 'forwarding');
  }

  /** Captures the frames that cross it. */
  capture(options: { readonly filter?: string } = {}): Promise<Capture> {
    return captureIn({ namespace: this.namespace, device: bridge, name: this.name }, options);
  }

  async #set(port: string, state: keyof typeof states): Promise<void> {
    const dev = ['dev', deviceName(port), 'type', 'bridge_slave', 'state', states[state]];
    const { code, stderr } = await run('ip', ['-n', this.namespace, 'link', 'set', ...dev], { mayFail: true });
    if (code !== 0) throw new LabError(`${port} in underlay ${this.name}: ${stderr.trim()}`);
  }
}

/** Of a port of the kernel's bridge, as it numbers them. */
const states = { disabled: '0', forwarding: '3' } as const;
