import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Guest, patience } from '@openvnet/lab';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Networks, startNetworks } from './testing-mtu.ts';

let networks: Networks;
let wide: Guest;
let narrow: Guest;

beforeAll(async () => {
  networks = await startNetworks();
  ({ wide, narrow } = networks);
});

afterAll(() => networks?.[Symbol.asyncDispose]());

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
      await networks.scene.settled('interface', 'if-narrow');
      const times = ['-t', `${3 * patience}`, '-T', '1'];
      await narrow.exec('udhcpc', ['-i', 'eth0', '-f', '-q', '-n', ...times, '-s', script, '-O', 'mtu']);
      const { stdout } = await narrow.exec('cat', ['/sys/class/net/eth0/mtu']);
      expect(Number(stdout)).toBe(1400);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });

  it('is told to the sender of a packet that must not be fragmented', async () => {
    await networks.quiet();
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
    await networks.quiet();
    const captures = await Promise.all(
      [wide, narrow].map((guest) => guest.capture({ filter: 'src 10.0.1.1 and proto 1' })),
    );
    expect(await networks.echoes('1472')).toBe(true);
    const frames = await Promise.all(captures.map(async (capture) => (await capture.stop()).map(sizeOf)));
    expect(frames).toEqual([[1514], [1410, 138]]);
    // Fragments of the guest are cut again.
    expect(await networks.echoes('4000')).toBe(true);
    // The time to live is counted down once.
    expect(await networks.echoes('1472', '-t', '2')).toBe(true);
    expect(await networks.echoes('1472', '-t', '1')).toBe(false);
  });

  it('lets TCP find out, whatever the receiver says that it takes', async () => {
    await narrow.exec('ip', ['route', 'replace', 'default', 'via', '10.0.2.254', 'advmss', '1460']);
    const server = narrow.spawn(process.execPath, ['-e', countProgram], { stdio: ['ignore', 'pipe', 'inherit'] });
    await new Promise((resolve) => server.stdout!.once('data', resolve));
    await findsOut();
    // The kernel datapath carries many segments as one frame, whose size does not tell theirs.
    await wide.exec('ethtool', ['-K', 'eth0', 'tso', 'off', 'gso', 'off']);
    const capture = await narrow.capture({ filter: 'tcp and src 10.0.1.1' });
    await findsOut();
    expect(Math.max(...(await capture.stop()).map(sizeOf))).toBe(1414);
  });
});

/** Sends data over a new connection, without what the guest has found out before. */
async function findsOut(): Promise<void> {
  await networks.quiet();
  const began = performance.now();
  const { stdout } = await wide.exec(process.execPath, ['-e', sendProgram], { timeoutMs: 20_000 });
  expect(stdout.trim()).toBe('2000000');
  const { stdout: route } = await wide.exec('ip', ['route', 'get', '10.0.2.1']);
  expect(route).toContain('mtu 1400');
  expect(performance.now() - began).toBeLessThan(10_000 * patience);
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
