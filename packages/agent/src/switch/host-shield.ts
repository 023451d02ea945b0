import { readFileSync, writeFileSync } from 'node:fs';

/** Settings below `/proc/sys` that keep the host's own stack from answering at a port, with their values. */
const settings = [
  ['net/ipv4/conf', 'arp_ignore', '8'],
  ['net/ipv4/conf', 'rp_filter', '1'],
  ['net/ipv6/conf', 'disable_ipv6', '1'],
] as const;

/**
 * With the userspace datapath, the host's own stack also receives the frames of a port; these settings keep it from
 * answering guests. Returns in words what could not be set. Does nothing if the port is not in this network namespace.
 */
export function shieldHost(port: string, root = '/proc/sys'): string | undefined {
  // The database of Open vSwitch accepts any name, also one with slashes.
  if (/[/\0]|^\.{0,2}$/.test(port)) return undefined;
  const failed = settings.flatMap(([directory, name, value]) => {
    const why = set(`${root}/${directory}/${port}/${name}`, value);
    return why === undefined ? [] : [{ why, command: `${directory.replaceAll('/', '.')}.${port}.${name}=${value}` }];
  });
  if (failed.length === 0) return undefined;
  const commands = failed.map(({ command }) => command).join(' ');
  return `${port}: the host may answer guests at this port, because its settings cannot be changed (${failed[0]!.why}). Use: sysctl -w ${commands}`;
}

/** Writes a value to a file if it differs; returns why that failed. */
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
