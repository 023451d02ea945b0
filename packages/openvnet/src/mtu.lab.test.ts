import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Guest } from '@openvnet/lab';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Scene, startScene } from './testing-filters.ts';

let scene: Scene;
let narrow: Guest;

/** Network 1, of which nothing is said, and network 2 with packets of up to 1400 bytes, joined by a router. */
beforeAll(async () => {
  scene = await startScene();
  const { client } = scene;
  await client.route_links.create({ uuid: 'rl-1', mac_address: '02:00:00:00:00:01' });
  for (const n of [1, 2]) {
    const network_uuid = `nw-${n}`;
    const mtu = n === 2 ? { mtu: 1400 } : {};
    await client.networks.create({ uuid: network_uuid, ipv4_network: `10.0.${n}.0`, mode: 'virtual', ...mtu });
    await client.interfaces.create({
      uuid: `if-gw${n}`,
      mode: 'simulated',
      network_uuid,
      ipv4_address: `10.0.${n}.254`,
      mac_address: `52:54:00:00:01:0${n}`,
    });
    const interface_uuid = `if-gw${n}`;
    await client.routes.create({ interface_uuid, network_uuid, route_link_uuid: 'rl-1', ipv4_network: `10.0.${n}.0` });
  }
  await client.network_services.create({ uuid: 'ns-dhcp', interface_uuid: 'if-gw2', mode: 'dhcp' });
  await scene.guest('wide', { network: 'nw-1', address: '10.0.1.1', via: '10.0.1.254', number: 1 });
  narrow = await scene.guest('narrow', { network: 'nw-2', address: '10.0.2.1', via: '10.0.2.254', number: 2 });
});

afterAll(() => scene?.[Symbol.asyncDispose]());

describe('a network with a largest packet', () => {
  it('tells it to guests, whose interface gets it', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'openvnet-mtu-'));
    try {
      const script = join(directory, 'told');
      // Does what a real script does with the option.
      writeFileSync(
        script,
        '#!/bin/sh\n[ "$1" = bound ] && [ "$mtu" ] && ip link set dev "$interface" mtu "$mtu"\nexit 0\n',
      );
      chmodSync(script, 0o755);
      await scene.settled('interface', 'if-narrow');
      await narrow.exec('udhcpc', ['-i', 'eth0', '-f', '-q', '-n', '-t', '3', '-T', '1', '-s', script, '-O', 'mtu']);
      const { stdout } = await narrow.exec('cat', ['/sys/class/net/eth0/mtu']);
      expect(Number(stdout)).toBe(1400);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});
