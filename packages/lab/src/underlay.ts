/**
 * An underlay network: a learning bridge of the kernel in a network namespace of its own, to which hosts, routers,
 * stations and the manager are attached.
 */
import type { Attachment } from './attachments.ts';
import { type Capture, captureIn } from './capture.ts';
import type { Ledger } from './ledger.ts';
import { type End, ensureLink, finishChecksums, within } from './links.ts';
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

  /** Attaches a device, which is made where it is missing, and stays down. */
  async attach({ port, end }: Pick<Attachment, 'port' | 'end'>): Promise<void> {
    const { namespace, mtu } = this;
    await ensureLink({ namespace, device: port }, end, mtu);
    await finishChecksums({ namespace, device: port });
    await finishChecksums(end);
    await run('ip', ['-n', namespace, 'link', 'set', 'dev', port, 'master', bridge, 'up']);
  }

  /** Stops all frames from and to a port, whose other end keeps its carrier. */
  async cut(port: string): Promise<void> {
    await this.#set(port, 'listening');
  }

  async join(port: string): Promise<void> {
    await this.#set(port, 'forwarding');
  }

  /**
   * Drops this share of the frames from and to a port, at random; 0 for none. Gives what drops them: `netem`, or
   * nftables where the kernel has no netem.
   */
  async lose({ port, end }: Pick<Attachment, 'port' | 'end'>, percent: number): Promise<'netem' | 'nftables'> {
    const { namespace } = this;
    const netem = await Promise.all([lossByNetem({ namespace, device: port }, percent), lossByNetem(end, percent)]);
    if (netem.every(Boolean)) return 'netem';
    const chain = `table bridge loss { chain ${port} { type filter hook forward priority 0; }; }; flush chain bridge loss ${port};`;
    const some = percent < 100 ? `numgen random mod 1000 < ${Math.round(percent * 10)} ` : '';
    const rule = (direction: string): string => `add rule bridge loss ${port} ${direction} "${port}" ${some}drop;`;
    const input = percent > 0 ? [chain, rule('iifname'), rule('oifname')] : [chain];
    await run('ip', ['netns', 'exec', namespace, 'nft', '-f', '-'], { input: `${input.join('\n')}\n` });
    return 'nftables';
  }

  /** Captures the frames that cross it. */
  capture(options: { readonly filter?: string } = {}): Promise<Capture> {
    return captureIn({ namespace: this.namespace, device: bridge, name: this.name }, options);
  }

  async #set(port: string, state: keyof typeof states): Promise<void> {
    const dev = ['dev', port, 'type', 'bridge_slave', 'state', states[state]];
    const { code, stderr } = await run('ip', ['-n', this.namespace, 'link', 'set', ...dev], { mayFail: true });
    if (code !== 0) throw new LabError(`${port} in underlay ${this.name}: ${stderr.trim()}`);
  }
}

/** Of a port of the kernel's bridge, by number. One that is only disabled or blocked forwards again by itself. */
const states = { listening: '1', forwarding: '3' } as const;

/** Whether the kernel could do it. */
async function lossByNetem({ namespace, device }: End, percent: number): Promise<boolean> {
  const how =
    percent > 0 ? ['replace', 'dev', device, 'root', 'netem', 'loss', `${percent}%`] : ['del', 'dev', device, 'root'];
  const [command, ...args] = [...within(namespace), 'tc', 'qdisc', ...how];
  return (await run(command!, args, { mayFail: true })).code === 0;
}
