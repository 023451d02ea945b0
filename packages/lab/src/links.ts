/** Pairs of devices between network namespaces. */
import { createHash } from 'node:crypto';
import { run } from './run.ts';

export interface End {
  /** null for that of this process. */
  readonly namespace: string | null;
  readonly device: string;
  readonly mac?: string;
}

/** Makes a pair of devices, unless it is there. Both ends are down. */
export async function ensureLink(one: End, other: End, mtu: number): Promise<void> {
  if (await isThere(one)) return;
  const describe = ({ device, mac }: End): string[] => [
    'name',
    device,
    'mtu',
    `${mtu}`,
    ...(mac ? ['address', mac] : []),
  ];
  const far = other.namespace === null ? ['netns', `${process.pid}`] : ['netns', other.namespace];
  await run('ip', [
    ...inside(one.namespace),
    'link',
    'add',
    ...describe(one),
    'type',
    'veth',
    'peer',
    ...describe(other),
    ...far,
  ]);
}

/**
 * Leaves no checksum to hardware that a pair of devices does not have: Open vSwitch's own datapath forwards them
 * unfinished.
 */
export async function finishChecksums({ namespace, device }: End): Promise<void> {
  const [command, ...args] = [...within(namespace), 'ethtool', '-K', device, 'tx', 'off', 'gro', 'off'];
  await run(command!, args);
}

/** Words for `ip` that make it work in a namespace. */
export function inside(namespace: string | null): string[] {
  return namespace === null ? [] : ['-n', namespace];
}

/** Words before a command line that run it in a namespace. */
export function within(namespace: string | null): string[] {
  return namespace === null ? [] : ['ip', 'netns', 'exec', namespace];
}

/** Whether there is such a device. */
export async function isThere({ namespace, device }: End): Promise<boolean> {
  const { code } = await run('ip', [...inside(namespace), 'link', 'show', 'dev', device], { mayFail: true });
  return code === 0;
}

/** A name for a device, of these words: what is too long for one is told apart by a hash. */
export function deviceName(...words: readonly string[]): string {
  const name = words.join('-');
  return name.length <= 15 ? name : `v${createHash('sha256').update(name).digest('hex').slice(0, 12)}`;
}

/** An address for a device that stays the same: of these words, and marked as given by hand. */
export function macOf(...words: readonly string[]): string {
  const digits = createHash('sha256').update(words.join('-')).digest('hex').slice(0, 10);
  return `02:${digits.match(/../g)!.join(':')}`;
}
