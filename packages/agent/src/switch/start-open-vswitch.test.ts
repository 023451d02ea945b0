import { mkdirSync, mkdtempDisposableSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { startOpenVswitch } from './start-open-vswitch.ts';

it('fits how Open vSwitch was installed', () => {
  const said = (...paths: string[]): string => {
    using root = mkdtempDisposableSync(join(tmpdir(), 'openvnet-root-'));
    for (const path of paths) mkdirSync(join(root.path, path), { recursive: true });
    return startOpenVswitch(root.path);
  };
  const unit = 'lib/systemd/system/openvswitch-switch.service';
  expect(said('run/systemd/system', unit)).toBe('systemctl start openvswitch-switch');
  // In a container the unit is there, and nobody who would start it.
  expect(said(unit, 'etc/init.d/openvswitch-switch')).toBe('service openvswitch-switch start');
  expect(said('run/systemd/system', 'usr/lib/systemd/system/openvswitch.service')).toBe('systemctl start openvswitch');
  expect(said('usr/share/openvswitch/scripts/ovs-ctl')).toBe('/usr/share/openvswitch/scripts/ovs-ctl start');
  expect(said('etc/debian_version')).toBe('apt-get install openvswitch-switch');
  expect(said()).toBe('ovs-ctl start');
});
