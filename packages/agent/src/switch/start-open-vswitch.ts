import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** Commands that start Open vSwitch, each with a file that shows that it works; the first match is used. */
const ways = [
  {
    needs: ['run/systemd/system', 'lib/systemd/system/openvswitch-switch.service'],
    command: 'systemctl start openvswitch-switch',
  },
  {
    needs: ['run/systemd/system', 'usr/lib/systemd/system/openvswitch.service'],
    command: 'systemctl start openvswitch',
  },
  { needs: ['etc/init.d/openvswitch-switch'], command: 'service openvswitch-switch start' },
  { needs: ['usr/share/openvswitch/scripts/ovs-ctl'], command: '/usr/share/openvswitch/scripts/ovs-ctl start' },
  { needs: ['etc/debian_version'], command: 'apt-get install openvswitch-switch' },
];

/** The command that starts Open vSwitch as it was installed on this host, or that installs it. */
export function startOpenVswitch(root = '/'): string {
  const way = ways.find(({ needs }) => needs.every((path) => existsSync(join(root, path))));
  return way?.command ?? 'ovs-ctl start';
}
