import type { NetworkInterfaceInfo } from 'node:os';
import { localPort, localRelations } from '@openvnet/compiler';
import { expect, it } from 'vitest';
import { unregisteredHost } from './host-address.ts';

const device = (address: string, family: 'IPv4' | 'IPv6') =>
  ({ address, family, mac: '02:00:00:00:00:01' }) as NetworkInterfaceInfo;

it('says how to register the address that the host has at a bridge, until that is done', () => {
  const { binding } = localRelations();
  const devices = { br0: [device('fe80::1', 'IPv6'), device('10.0.10.5', 'IPv4')], br1: [device('fe80::2', 'IPv6')] };
  expect(unregisteredHost('br0', { binding }, devices)).toMatch(
    /^br0 has address 10\.0\.10\.5 of this host, .*--ipv4-address 10\.0\.10\.5 --mac-address 02:00:00:00:00:01$/,
  );
  for (const quiet of ['br1', 'br2']) expect(unregisteredHost(quiet, { binding }, devices)).toBeUndefined();
  binding.set({ id: 1, port: localPort, port_name: 'br0', uplink: null });
  expect(unregisteredHost('br0', { binding }, devices)).toBeUndefined();
});
