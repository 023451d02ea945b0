import type { NetworkInterfaceInfo } from 'node:os';
import { describe, expect, it } from 'vitest';
import { type UnderlayUse, underlayNote } from './underlay-note.ts';

const onDevice = { address: '192.0.2.1', cidr: '192.0.2.1/24', family: 'IPv4' } as NetworkInterfaceInfo;
const use: UnderlayUse = {
  datapathType: 'netdev',
  tunnelAddress: '192.0.2.1',
  bridges: new Set(['br0', 'br-phy']),
  devices: { eth0: [onDevice] },
};

describe('the note on a tunnel address', () => {
  it('says how to move it to a bridge if the userspace datapath cannot send from its device', () => {
    expect(underlayNote(use)).toBe(
      'no frame reaches other hosts: tunnel address 192.0.2.1 is on eth0, and the userspace datapath sends only from a bridge of Open vSwitch. Use: ovs-vsctl --may-exist add-br br-phy -- set bridge br-phy datapath_type=netdev -- --may-exist add-port br-phy eth0 && ip address del 192.0.2.1/24 dev eth0 && ip address add 192.0.2.1/24 dev br-phy && ip link set br-phy up',
    );
  });

  it('is none if the address is on a bridge, on no device or not needed, and with the kernel datapath', () => {
    expect(underlayNote({ ...use, devices: { 'br-phy': [onDevice] } })).toBe(undefined);
    expect(underlayNote({ ...use, devices: {} })).toBe(undefined);
    expect(underlayNote({ ...use, tunnelAddress: null })).toBe(undefined);
    expect(underlayNote({ ...use, datapathType: 'system' })).toBe(undefined);
  });
});
