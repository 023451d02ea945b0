import { mkdirSync, mkdtempDisposableSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { shieldHost } from './host-shield.ts';
import { dropUnaddressed } from './unaddressed.ts';

/** A directory like `/proc/sys` with the settings of one port. */
function sysctls(port: string) {
  const { path, remove } = mkdtempDisposableSync(join(tmpdir(), 'openvnet-sys-'));
  const file = (name: string) => join(path, 'net', name.startsWith('disable') ? 'ipv6' : 'ipv4', 'conf', port, name);
  for (const name of ['arp_ignore', 'rp_filter', 'disable_ipv6']) {
    mkdirSync(join(file(name), '..'), { recursive: true });
    writeFileSync(file(name), '0\n');
  }
  const read = () => ['arp_ignore', 'rp_filter', 'disable_ipv6'].map((name) => readFileSync(file(name), 'utf8'));
  return { path, file, read, [Symbol.dispose]: remove };
}

it('sets what keeps the host from answering', () => {
  using sys = sysctls('veth1');
  expect(shieldHost('veth1', sys.path)).toBeUndefined();
  expect(sys.read()).toEqual(['8', '1', '1']);
});

it('says what it could not set, and sets the rest', () => {
  using sys = sysctls('veth1');
  // A directory can be written by nobody, root included.
  rmSync(sys.file('rp_filter'));
  mkdirSync(sys.file('rp_filter'));
  expect(shieldHost('veth1', sys.path)).toMatch(
    /^veth1: the host may answer guests .* \(EISDIR.*\)\. Use: sysctl -w net\.ipv4\.conf\.veth1\.rp_filter=1$/,
  );
  expect(readFileSync(sys.file('disable_ipv6'), 'utf8')).toBe('1');
});

it('does nothing where the port is elsewhere, has gone, or has a name that is none', () => {
  using sys = sysctls('veth1');
  for (const name of ['veth2', '', '.', '..', '../veth1', 'a/b']) expect(shieldHost(name, sys.path)).toBeUndefined();
  rmSync(sys.file('arp_ignore'));
  expect(shieldHost('veth1', sys.path)).toBeUndefined();
});

it('puts no filter where there is no such device, and none by a name that is no name', async () => {
  expect(await dropUnaddressed(['no-such-device', 'lo;reboot', 'a b', '../lo'])).toBeUndefined();
});
