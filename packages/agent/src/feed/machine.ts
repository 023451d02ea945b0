import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';

/** Default host names of images and installers; lower case, without the domain. */
const sharedNames = new Set(
  'localhost localhost4 localhost6 (none) debian ubuntu fedora centos rocky almalinux alma rhel redhat alpine archlinux arch gentoo opensuse suse linux raspberrypi kali nixos amazonlinux host server vm node template image buildroot openwrt'.split(
    ' ',
  ),
);

/**
 * An identifier of this machine; undefined if it has no machine-id. It is a hash, because machine-id(5) asks to keep the id secret.
 */
export function machineIdentity(paths = ['/etc/machine-id', '/var/lib/dbus/machine-id']): string | undefined {
  for (const path of paths) {
    try {
      const id = readFileSync(path, 'utf8').trim();
      if (/^[0-9a-f]{32}$/.test(id))
        return createHmac('sha256', id).update('openvnet agent').digest('hex').slice(0, 32);
    } catch {
      // Some machines have only one of the two files.
    }
  }
  return undefined;
}

/** The default node name: the host name, with a part of the machine identifier if the host name is a common default. */
export function defaultNodeId(name = hostname(), machine: string | null = machineIdentity() ?? null): string {
  const plain = name.replaceAll(/[^A-Za-z0-9._-]/g, '-').replace(/^[^A-Za-z0-9]+/, '') || 'host';
  const isShared = sharedNames.has(name.split('.')[0]!.toLowerCase());
  return isShared && machine !== null ? `${plain}-${machine.slice(0, 8)}` : plain;
}
