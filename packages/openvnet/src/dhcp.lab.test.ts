import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Guest, patience } from '@openvnet/lab';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Stage, stage } from './testing-services.ts';

let scene: Stage;
let directory: string;
let script: string;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'openvnet-dhcp-'));
  script = join(directory, 'told');
  // Sets the address as a real script would, and prints what the client was told.
  writeFileSync(
    script,
    `#!/bin/sh
[ "$1" = bound ] || [ "$1" = renew ] || exit 0
ip addr flush dev "$interface"; ip addr add "$ip/$mask" dev "$interface"
for r in $router; do ip route replace default via "$r"; done
env | grep -E '^(ip|subnet|router|dns|domain|broadcast|lease|serverid|staticroutes|siaddr)=' | sort
`,
  );
  chmodSync(script, 0o755);
  scene = await stage(3, ['dhcp', 'dns']);
});

afterAll(async () => {
  await scene?.[Symbol.asyncDispose]();
  rmSync(directory, { recursive: true });
});

async function udhcpc(guest: Guest, ...more: string[]) {
  const began = performance.now();
  const args = ['-i', 'eth0', '-f', '-q', '-n', '-t', `${3 * patience}`, '-T', '1', '-s', script, '-O', '121', ...more];
  const { stdout, stderr, code } = await guest.exec('udhcpc', args, { mayFail: true });
  return { told: stdout.trim().split('\n'), stderr, code, ms: performance.now() - began };
}

describe('DHCP for real clients', () => {
  it('gives udhcpc its lease, and what else a guest needs; others hear nothing of it', async () => {
    const [one, two] = scene.guests;
    const overheard = await two!.capture({ filter: 'udp port 67 or udp port 68' });
    const { told, ms } = await udhcpc(one!);
    expect(told).toEqual([
      'broadcast=10.0.1.255',
      'dns=10.0.1.253',
      'domain=net1',
      'ip=10.0.1.1',
      'lease=86400',
      'router=10.0.1.254',
      'serverid=10.0.1.253',
      'siaddr=10.0.1.253',
      'staticroutes=10.0.2.0/24 10.0.1.254 0.0.0.0/0 10.0.1.254',
      'subnet=255.255.255.0',
    ]);
    expect(await overheard.stop()).toEqual([]);
    expect(await one!.ping('10.0.2.254', { count: 1 })).toMatchObject({ received: 1 });
    expect(ms).toBeLessThan(3000 * patience);
  });

  it('gives dhclient its lease', async () => {
    const guest = scene.guests[1]!;
    const leases = join(directory, 'leases');
    writeFileSync(leases, '');
    const files = ['-sf', '/bin/true', '-lf', leases, '-pf', join(directory, 'pid'), '-cf', '/dev/null'];
    const client = guest.spawn('dhclient', ['-4', '-1', '-d', ...files, 'eth0'], { stdio: 'ignore' });
    await scene.until(() => readFileSync(leases, 'utf8').includes('}'));
    client.kill('SIGTERM');
    const text = readFileSync(leases, 'utf8');
    for (const line of ['fixed-address 10.0.1.2;', 'option routers 10.0.1.254;', 'option domain-name "net1";'])
      expect(text).toContain(line);
  });

  it('says no to an address that is not the client’s, who then gets its own', async () => {
    const { counts } = scene.agent.switches.packetIns;
    const { told } = await udhcpc(scene.guests[2]!, '-r', '10.0.1.99');
    expect(told).toContain('ip=10.0.1.3');
    expect(counts.get('dhcp ack')).toBeGreaterThanOrEqual(2);
  });

  it('answers others while one port floods', async () => {
    const [one, two] = scene.guests;
    const { packetIns } = scene.agent.switches;
    const before = { answered: packetIns.answered, limited: packetIns.limited, heap: process.memoryUsage().heapUsed };
    const flood = one!.spawn(process.execPath, ['-e', floodProgram], { stdio: ['ignore', 'pipe', 'inherit'] });
    let sent = '';
    flood.stdout!.on('data', (text) => {
      sent += text;
    });
    try {
      await new Promise((resolve) => flood.stdout!.once('data', resolve));
      for (let i = 0; i < 5; i++) expect((await udhcpc(two!)).told).toContain('ip=10.0.1.2');
    } finally {
      flood.kill('SIGTERM');
    }
    await new Promise((resolve) => flood.once('exit', resolve));
    const seen = packetIns.answered + packetIns.limited - before.answered - before.limited;
    const grown = (process.memoryUsage().heapUsed - before.heap) / 1e6;
    const { total, most } = packetIns.spent;
    const average = total / (packetIns.answered + packetIns.limited);
    process.stdout.write(
      `flood: sent ${sent.trim().split('\n').at(-1)}/s, agent saw ${seen}, heap +${grown.toFixed(1)} MB; `,
    );
    process.stdout.write(`agent ${average.toFixed(3)} ms an answer, at most ${most.toFixed(1)} ms\n`);
    expect(grown).toBeLessThan(50);
    expect(average).toBeLessThan(5 * patience);
  });

  it('lives through raw frames that make no sense', async () => {
    const [one, two] = scene.guests;
    const { counts } = scene.agent.switches.packetIns;
    const before = counts.get('dhcp malformed') ?? 0;
    await one!.exec('python3', ['-c', malformedProgram]);
    await scene.until(() => (counts.get('dhcp malformed') ?? 0) >= before + 20);
    expect((await udhcpc(two!)).told).toContain('ip=10.0.1.2');
  });
});

/** The agent of a slow machine answers less too: where it cannot keep pace with one port, the time limit of others says nothing. */
const perTick = 100 / patience ** 2;

/** Renewals, as fast as they go out, and how many of them each second. */
const floodProgram = `
const socket = require('dgram').createSocket('udp4');
const message = Buffer.alloc(300); message.set([1, 1, 6]); message.set([10, 0, 1, 1], 12);
message.set([0x52, 0x54, 0, 0, 1, 1], 28); message.set([0x63, 0x82, 0x53, 0x63, 53, 1, 3, 255], 236);
let sent = 0; let last = 0;
setInterval(() => { console.log(sent - last); last = sent; }, 1000);
socket.bind(68, '10.0.1.1', () => {
  const more = () => { for (let i = 0; i < ${perTick}; i++) { socket.send(message, 67, '10.0.1.253', () => {}); sent++; } };
  setInterval(more, 5);
});`;

/** DHCP requests cut at every size, and with random bytes for options. */
const malformedProgram = `
import os, socket, struct, time
def checksum(b):
    s = sum(struct.unpack('!%dH' % (len(b) // 2), b)); s = (s >> 16) + (s & 0xffff); return ~(s + (s >> 16)) & 0xffff
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW); s.bind(('eth0', 0))
mac = bytes.fromhex('525400000101')
for n in range(60):
    dhcp = bytes([1, 1, 6, 0]) + bytes(24) + mac + bytes(10 + 192) + bytes.fromhex('63825363') + os.urandom(60)
    dhcp = dhcp[:n * 5]
    udp = struct.pack('!HHHH', 68, 67, 8 + len(dhcp) + n % 3, 0) + dhcp
    head = struct.pack('!BBHHHBBH4s4s', 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0, bytes(4), b'\\xff' * 4)
    head = head[:10] + struct.pack('!H', checksum(head)) + head[12:]
    s.send(b'\\xff' * 6 + mac + b'\\x08\\x00' + head + udp); time.sleep(0.012)
`;
