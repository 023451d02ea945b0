import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';

/** Names that images and installers give to every machine; lower case, without the domain. */
const sharedNames = new Set(
  'localhost localhost4 localhost6 (none) debian ubuntu fedora centos rocky almalinux alma rhel redhat alpine archlinux arch gentoo opensuse suse linux raspberrypi kali nixos amazonlinux host server vm node template image buildroot openwrt'.split(
    ' ',
  ),
);

/**
 * Tells this machine from others; undefined if it has no machine-id. The id itself stays secret, as machine-id(5) asks for.
 */
export function machineIdentity(paths = ['/etc/machine-id', '/var/lib/dbus/machine-id']): string | undefined {
  for (const path of paths) {
    try {
      const id = readFileSync(path, 'utf8').trim();
      if (/^[0-9a-f]{32}$/.test(id))
        return createHmac('sha256', id).update('openvnet agent').digest('hex').slice(0, 32);
    } catch {
      // A machine without the file may have the other one.
    }
  }
  return undefined;
}

/** The name of the node where none is given: the host name, with a part of the machine's identity where many have that name. */
export function defaultNodeId(name = hostname(), machine: string | null = machineIdentity() ?? null): string {
  const plain = name.replaceAll(/[^A-Za-z0-9._-]/g, '-').replace(/^[^A-Za-z0-9]+/, '') || 'host';
  const isShared = sharedNames.has(name.split('.')[0]!.toLowerCase());
  return isShared && machine !== null ? `${plain}-${machine.slice(0, 8)}` : plain;
}
