/** Namespaces that stand for machines: guests at bridges, and stations in an underlay network. */
import { Guest } from './guest.ts';
import type { Ledger } from './ledger.ts';
import { makeNamespace } from './namespaces.ts';
import { LabError, run } from './run.ts';

export interface StationOptions {
  readonly name: string;
  /** The other side of its device, at most 15 characters; the name unless given. */
  readonly port?: string;
  /** The device inside; `eth0` unless given. */
  readonly device?: string;
  readonly mac?: string;
  /** With the length of the prefix: `172.16.1.1/24`. */
  readonly addresses?: readonly string[];
  readonly routes?: readonly { readonly to: string; readonly via: string }[];
  readonly mtu?: number;
  /** Whether it speaks IPv6 by itself; not unless given, so that the network is quiet. */
  readonly ipv6?: boolean;
}

/** Makes a namespace with a device, which `link` makes; `number` is the one of the ledger. */
export async function makeGuest(
  options: StationOptions,
  where: { prefix: string; ledger: Ledger; link: (guest: Guest, mac: string | undefined) => Promise<void> },
): Promise<{ guest: Guest; number: number }> {
  const { name, device = 'eth0', mac, addresses = [], routes = [], mtu, ipv6 = false } = options;
  const port = portOf(options);
  const namespace = `${where.prefix}${name}`;
  const guest = new Guest({ name, namespace, device, port });
  if (port.length > 15) throw new LabError(`port ${port}: a device's name has at most 15 characters`);
  const quiet = ipv6 ? [] : ['net/ipv6/conf/all/disable_ipv6=1', 'net/ipv6/conf/default/disable_ipv6=1'];
  // Gratuitous answers and redirects would tell more than the network does.
  const settings = [...quiet, 'net/ipv4/conf/all/accept_redirects=0'];
  const number = await makeNamespace({ name: namespace, ledger: where.ledger, device }, settings);
  await where.link(guest, mac);
  const size = mtu === undefined ? [] : [`link set dev ${device} mtu ${mtu}`];
  await batch(namespace, [
    ...size,
    `link set dev ${device} up`,
    ...addresses.map((address) => `addr add ${address} dev ${device}`),
    ...routes.map(({ to, via }) => `route add ${to} via ${via}`),
  ]);
  return { guest, number };
}

export function portOf({ port, name }: StationOptions): string {
  return port ?? name;
}

/** Runs commands of `ip` in a namespace, all in one program. */
async function batch(namespace: string, commands: readonly string[]): Promise<void> {
  await run('ip', ['-n', namespace, '-batch', '-'], { input: `${commands.join('\n')}\n` });
}
