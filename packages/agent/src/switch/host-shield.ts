import { readFileSync, writeFileSync } from 'node:fs';

/** What keeps the host's own stack from answering at a port: settings below `/proc/sys`, with their values. */
const settings = [
  ['net/ipv4/conf', 'arp_ignore', '8'],
  ['net/ipv4/conf', 'rp_filter', '1'],
  ['net/ipv6/conf', 'disable_ipv6', '1'],
] as const;

/**
 * With the userspace datapath the host's own stack sees what arrives on a port as well: keeps it from answering guests.
 * Says, in words, what could not be set. Does nothing where the port is not in this network namespace, or has just gone.
 */
export function shieldHost(port: string, root = '/proc/sys'): string | undefined {
  // A name comes from the database of Open vSwitch, which takes any.
  if (/[/\0]|^\.{0,2}$/.test(port)) return undefined;
  const failed = settings.flatMap(([directory, name, value]) => {
    const why = set(`${root}/${directory}/${port}/${name}`, value);
    return why === undefined ? [] : [{ why, command: `${directory.replaceAll('/', '.')}.${port}.${name}=${value}` }];
  });
  if (failed.length === 0) return undefined;
  const commands = failed.map(({ command }) => command).join(' ');
  return `${port}: the host may answer guests there, as its settings cannot be changed (${failed[0]!.why}). Use: sysctl -w ${commands}`;
}

/** Sets a file to a value, unless it has it; says why it could not. */
function set(path: string, value: string): string | undefined {
  try {
    if (readFileSync(path, 'utf8').trim() !== value) writeFileSync(path, value);
    return undefined;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return code === 'ENOENT' || code === 'ENODEV' ? undefined : (reasons[code ?? ''] ?? message);
  }
}

const reasons: Readonly<Record<string, string>> = {
  EROFS: 'read-only file system',
  EACCES: 'permission denied',
  EPERM: 'operation not permitted',
};
