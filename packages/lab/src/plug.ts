/** Devices of guests, and moving them from one switch to another. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Guest } from './guest.ts';
import { inside, within } from './links.ts';
import type { OpenVSwitch } from './open-vswitch.ts';
import { LabError, run } from './run.ts';

/** Makes the pair of devices between a guest and a switch; the guest's side stays down. */
export async function plugDevice(
  vswitch: OpenVSwitch,
  { namespace, device, port }: Pick<Guest, 'namespace' | 'device' | 'port'>,
  mac: string | undefined,
): Promise<void> {
  const host = inside(vswitch.namespace);
  const peer = ['peer', 'name', device, ...(mac ? ['address', mac] : []), 'netns', namespace];
  const added = await run('ip', [...host, 'link', 'add', 'name', port, 'type', 'veth', ...peer], { mayFail: true });
  if (added.code !== 0) {
    const why = added.stderr.includes('File exists')
      ? 'a device of that name is there already and was not made by this lab'
      : added.stderr.trim();
    throw new LabError(`port ${port}: ${why}`);
  }
  if (vswitch.datapath === 'userspace') {
    // The kernel leaves checksums to hardware that a veth does not have, and this datapath forwards them unfinished.
    await run('ip', ['netns', 'exec', namespace, 'ethtool', '-K', device, 'tx', 'off']);
    await quieten(vswitch, port);
  }
  await run('ip', [...host, 'link', 'set', 'dev', port, 'up']);
}

/** Keeps the host's own stack, which sees what arrives at the port, from answering it. */
async function quieten({ namespace }: OpenVSwitch, port: string): Promise<void> {
  const settings = [
    `net/ipv4/conf/${port}/arp_ignore=8`,
    `net/ipv4/conf/${port}/rp_filter=1`,
    `net/ipv6/conf/${port}/disable_ipv6=1`,
  ];
  const [command, ...args] = [...within(namespace), 'sysctl', '-qw', ...settings];
  await run(command!, args);
}

export interface Move {
  readonly from: { readonly vswitch: OpenVSwitch; readonly bridge: string };
  readonly to: { readonly vswitch: OpenVSwitch; readonly bridge: string };
  /** How long both switches have the port before the guest moves. */
  readonly overlapMs: number;
}

/**
 * Moves a guest to a port of another switch, with its MAC address, addresses, routes and connections, as a migration of a
 * virtual machine does: the new port is there first, the guest changes over and announces itself, and the old port goes.
 */
export async function moveGuest(guest: Guest, { from, to, overlapMs }: Move): Promise<void> {
  const { namespace, device, port } = guest;
  const next = 'moving';
  const { mac, mtu, addresses, routes } = await settingsOf(guest);
  await plugDevice(to.vswitch, { namespace, device: next, port }, mac);
  const ifaceId = await from.vswitch.vsctl('--if-exists', 'get', 'Interface', port, 'external_ids:iface-id');
  await to.vswitch.addPort(to.bridge, port, ifaceId ? { externalIds: { 'iface-id': JSON.parse(ifaceId) } } : {});
  await sleep(overlapMs);
  // The kernel announces its addresses when the device comes up.
  await guest.exec('sysctl', ['-qw', `net/ipv4/conf/${next}/arp_notify=1`]);
  const commands = [
    `link set dev ${device} down`,
    `link set dev ${device} name moved`,
    `link set dev ${next} name ${device} mtu ${mtu}`,
    ...addresses.map((address) => `addr add ${address} dev ${device}`),
    `link set dev ${device} up`,
    ...routes.map((route) => `route replace ${route} dev ${device}`),
    'addr flush dev moved',
  ];
  await run('ip', ['-n', namespace, '-batch', '-'], { input: `${commands.join('\n')}\n` });
  await from.vswitch.deletePorts(port);
  await run('ip', ['-n', namespace, 'link', 'del', 'dev', 'moved']);
}

async function settingsOf({ namespace, device }: Guest) {
  const ask = async (...words: string[]): Promise<Record<string, never>[]> =>
    JSON.parse((await run('ip', ['-n', namespace, '-j', ...words])).stdout || '[]');
  const [link] = (await ask('addr', 'show', 'dev', device)) as unknown as [Link];
  const own = link.addr_info.filter(({ scope }) => scope === 'global');
  const routes = (await ask('route', 'show', 'dev', device)) as unknown as Route[];
  return {
    mac: link.address,
    mtu: link.mtu,
    addresses: own.map(({ local, prefixlen, family }) => `${local}/${prefixlen}${family === 'inet6' ? ' nodad' : ''}`),
    routes: routes.flatMap(({ dst, gateway }) => (gateway ? [`${dst} via ${gateway}`] : [])),
  };
}

interface Link {
  readonly address: string;
  readonly mtu: number;
  readonly addr_info: readonly { local: string; prefixlen: number; scope: string; family: string }[];
}

interface Route {
  readonly dst: string;
  readonly gateway?: string;
}
