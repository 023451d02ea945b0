import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Guest, patience } from '@openvnet/lab';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Scene, startScene } from './testing-filters.ts';

let scene: Scene;
let wide: Guest;
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
  wide = await scene.guest('wide', { network: 'nw-1', address: '10.0.1.1', via: '10.0.1.254', number: 1 });
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
      const times = ['-t', `${3 * patience}`, '-T', '1'];
      await narrow.exec('udhcpc', ['-i', 'eth0', '-f', '-q', '-n', ...times, '-s', script, '-O', 'mtu']);
      const { stdout } = await narrow.exec('cat', ['/sys/class/net/eth0/mtu']);
      expect(Number(stdout)).toBe(1400);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });

  it('is told to the sender of a packet that must not be fragmented', async () => {
    await quiet();
    const { stdout, stderr } = await wide.exec(
      'ping',
      ['-n', '-c', '2', '-W', `${patience}`, '-M', 'do', '-s', '1472', '10.0.2.1'],
      {
        mayFail: true,
      },
    );
    expect(stdout).toContain('From 10.0.1.254 icmp_seq=1 Frag needed and DF set (mtu = 1400)');
    expect(stdout + stderr).toMatch(/message too long, mtu=1400/i);
    const fits = await wide.exec('ping', ['-n', '-c', '2', '-i', '0.1', '-M', 'do', '-s', '1372', '10.0.2.1']);
    expect(fits.stdout).toContain('2 received');
  });

  it('gets fragments of others, and the answer comes back', async () => {
    await quiet();
    const captures = await Promise.all(
      [wide, narrow].map((guest) => guest.capture({ filter: 'src 10.0.1.1 and proto 1' })),
    );
    expect(await echoes('1472')).toBe(true);
    const frames = await Promise.all(captures.map(async (capture) => (await capture.stop()).map(sizeOf)));
    expect(frames).toEqual([[1514], [1410, 138]]);
    // Fragments of the guest are cut again.
    expect(await echoes('4000')).toBe(true);
    // The time to live is counted down once.
    expect(await echoes('1472', '-t', '2')).toBe(true);
    expect(await echoes('1472', '-t', '1')).toBe(false);
  });

  it('lets TCP find out, whatever the receiver says that it takes', async () => {
    await quiet();
    await narrow.exec('ip', ['route', 'replace', 'default', 'via', '10.0.2.254', 'advmss', '1460']);
    const server = narrow.spawn(process.execPath, ['-e', countProgram], { stdio: ['ignore', 'pipe', 'inherit'] });
    await new Promise((resolve) => server.stdout!.once('data', resolve));
    const capture = await narrow.capture({ filter: 'tcp and src 10.0.1.1' });
    const began = performance.now();
    const { stdout } = await wide.exec(process.execPath, ['-e', sendProgram], { timeoutMs: 20_000 });
    const sizes = (await capture.stop()).map(sizeOf);
    expect(stdout.trim()).toBe('2000000');
    expect(Math.max(...sizes)).toBe(1414);
    const { stdout: route } = await wide.exec('ip', ['route', 'get', '10.0.2.1']);
    expect(route).toContain('mtu 1400');
    expect(performance.now() - began).toBeLessThan(10_000 * patience);
  });

  it('holds where the switch tracks the connections of the receiver, fragments too', async () => {
    const { client } = scene;
    await client.filters.create({ uuid: 'fil-narrow', interface_uuid: 'if-narrow', mode: 'static' });
    await client.interfaces.update('if-narrow', { enable_filtering: true });
    await quiet();
    expect(await echoes('56')).toBe(false);
    const any = { src_address: '0.0.0.0/0', dst_address: '0.0.0.0/0' };
    for (const [protocol, action] of [
      ['icmp', 'pass'],
      ['tcp', 'conn'],
    ] as const)
      await client.nestedOf('filter_static').create('fil-narrow', { protocol, action, ...any });
    await quiet();
    expect([await echoes('56'), await echoes('1472')]).toEqual([true, true]);
  });
});

/** Has both guests and the switch forget what they have found out. */
async function quiet(): Promise<void> {
  await scene.settled('interface', 'if-wide');
  await wide.exec('ip', ['route', 'flush', 'cache']);
}

/** Whether an echo request that may be fragmented is answered. */
async function echoes(size: string, ...more: string[]): Promise<boolean> {
  const args = ['-n', '-c', '1', '-W', `${patience}`, '-M', 'dont', '-s', size, ...more, '10.0.2.1'];
  return (await wide.exec('ping', args, { mayFail: true })).code === 0;
}

/** Bytes of a captured frame. */
function sizeOf(line: string): number {
  return Number(/ length (\d+): /.exec(line)?.[1]);
}

/** Counts what one connection brings, and tells it in the end. */
const countProgram = `require('net').createServer({ allowHalfOpen: true }, (c) => {
  let size = 0; c.on('data', (d) => { size += d.length; }).on('end', () => c.end(String(size)));
}).listen(80, () => console.log('up'))`;
const sendProgram = `const c = require('net').connect(80, '10.0.2.1'); c.end(Buffer.alloc(2e6));
  c.on('data', (d) => console.log(String(d)))`;
