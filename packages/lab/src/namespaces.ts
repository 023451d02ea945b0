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

/** Makes a network namespace with a loopback and these settings of the kernel; returns its number in the ledger. */
export async function makeNamespace(wanted: NamespaceToMake, settings: readonly string[]): Promise<number> {
  const { name, ledger, device } = wanted;
  const number = await ledger.make({ kind: 'namespace', name, ...(device && { device }) }, async () => {
    if (existsSync(namespacePath(name))) throw taken(name);
    const { code, stderr } = await run('ip', ['netns', 'add', name], { mayFail: true });
    if (code !== 0) throw stderr.includes('File exists') ? taken(name) : new Error(stderr.trim());
    return namespaceIdentity(name);
  });
  await run('ip', ['netns', 'exec', name, 'sysctl', '-qw', ...settings]);
  await run('ip', ['-n', name, 'link', 'set', 'lo', 'up']);
  return number;
}

function taken(name: string): AlreadyThere {
  return new AlreadyThere(
    `namespace ${name} is there already and was not made by this lab; remove it (ip netns del ${name}) or choose another name`,
  );
}
