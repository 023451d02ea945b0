import { existsSync } from 'node:fs';
import { AlreadyThere, type Ledger } from './ledger.ts';
import { run } from './run.ts';
import { namespaceIdentity, namespacePath } from './things.ts';

export interface NamespaceToMake {
  readonly name: string;
  readonly ledger: Ledger;
  /** The device in it that will have its other end elsewhere. */
  readonly device?: string;
}

/** Settings of a host of its own, whose stack also sees what arrives at a port of the userspace datapath, and keeps quiet. */
export const quietHost = [
  'net/ipv6/conf/default/disable_ipv6=1',
  'net/ipv4/conf/default/arp_ignore=8',
  'net/ipv4/conf/default/rp_filter=1',
  'net/ipv4/conf/all/rp_filter=1',
  'net/ipv4/ip_forward=0',
];

/** Makes a network namespace with a loopback and these settings of the kernel; returns its number in the ledger. */
export async function makeNamespace(wanted: NamespaceToMake, settings: readonly string[]): Promise<number> {
  const { name, ledger, device } = wanted;
  const number = await ledger.make({ kind: 'namespace', name, ...(device && { device }) }, async () => {
    if (existsSync(namespacePath(name))) throw taken(name);
    const { code, stderr } = await run('ip', ['netns', 'add', name], { mayFail: true });
    if (code !== 0) throw stderr.includes('File exists') ? taken(name) : new Error(stderr.trim());
    return namespaceIdentity(name);
  });
  await configure(name, settings);
  return number;
}

/** Makes a namespace unless the ledger has it and it is there. */
export async function ensureNamespace(wanted: NamespaceToMake, settings: readonly string[]): Promise<void> {
  const { name, ledger } = wanted;
  if (ledger.has({ kind: 'namespace', name })) {
    // One that an interrupted run left half made lacks nothing but its settings.
    if (existsSync(namespacePath(name))) return configure(name, settings);
    await ledger.undoWhere({ kind: 'namespace', name });
  }
  await makeNamespace(wanted, settings);
}

async function configure(name: string, settings: readonly string[]): Promise<void> {
  await run('ip', ['netns', 'exec', name, 'sysctl', '-qw', ...settings]);
  await run('ip', ['-n', name, 'link', 'set', 'lo', 'up']);
}

function taken(name: string): AlreadyThere {
  return new AlreadyThere(
    `namespace ${name} is there already and was not made by this lab; remove it (ip netns del ${name}) or choose another name`,
  );
}
