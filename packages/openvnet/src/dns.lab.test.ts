import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import type { Guest } from '@openvnet/lab';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Stage, stage } from './testing-services.ts';

/** Where a public server is played; DNS has one port. */
const publicServer = '127.77.0.1';

let scene: Stage;
let upstream: Socket;
const asked: string[] = [];

beforeAll(async () => {
  scene = await stage(2, ['dns']);
  await scene.post('dns_services', { uuid: 'dnss-1', network_service_uuid: 'ns-dns', public_dns: publicServer });
  await scene.post('dns_services/dnss-1/dns_records', { uuid: 'dnsr-www', name: 'www', ipv4_address: '10.0.1.2' });
  await scene.settled();
  for (const [i, guest] of scene.guests.entries())
    await guest.exec('ip', ['addr', 'add', `10.0.1.${i + 1}/24`, 'dev', 'eth0']);
  upstream = createSocket('udp4');
  upstream.on('message', (query, { port, address }) => {
    const length = query[12]!;
    const name = query.toString('latin1', 13, 13 + length);
    asked.push(name);
    if (name === 'silent') return;
    // An A record of 192.0.2.1 after the question, whose name it points to.
    let end = 12;
    while (query[end] !== 0) end += query[end]! + 1;
    const record = Buffer.from('c00c000100010000003c0004c0000201', 'hex');
    const reply = Buffer.concat([query.subarray(0, end + 5), record]);
    reply.writeUInt16BE(0x8180, 2);
    reply.writeUInt16BE(1, 6);
    reply.fill(0, 8, 12);
    upstream.send(reply, port, address);
  });
  upstream.bind(53, publicServer);
  await once(upstream, 'listening');
});

afterAll(async () => {
  upstream?.close();
  await scene?.[Symbol.asyncDispose]();
});

async function dig(guest: Guest, ...args: string[]): Promise<string> {
  const options = ['+timeout=5', '+tries=1', '+noall', '+comments', '+answer', '@10.0.1.253'];
  const { stdout } = await guest.exec('dig', [...options, ...args], { mayFail: true });
  const status = /status: (\w+)/.exec(stdout)?.[1] ?? 'none';
  const answers = [...stdout.matchAll(/^[^;\s]\S*\s+\d+\s+IN\s+\w+\s+(\S+)$/gm)].map(([, data]) => data);
  return [status, ...answers].join(' ');
}

describe('DNS for a real client', () => {
  it('knows records and interfaces, both ways', async () => {
    const one = scene.guests[0]!;
    expect(await dig(one, 'www.net1')).toBe('NOERROR 10.0.1.2');
    expect(await dig(one, '1.net1')).toBe('NOERROR 10.0.1.1');
    expect(await dig(one, 'gw1.net1')).toBe('NOERROR 10.0.1.254');
    expect(await dig(one, '-x', '10.0.1.1')).toBe('NOERROR 1.net1.');
    expect(await dig(one, 'nobody.net1')).toBe('NXDOMAIN');
    expect(await dig(one, '-x', '10.0.1.200')).toBe('NXDOMAIN');
  });

  it('asks a public server for others, and says so where that is silent', async () => {
    const one = scene.guests[0]!;
    expect(await dig(one, 'public.example')).toBe('NOERROR 192.0.2.1');
    expect(await dig(one, 'silent.example')).toBe('SERVFAIL');
    expect(asked).toEqual(['public', 'silent']);
  });

  it('answers others while one port floods', async () => {
    const [one, two] = scene.guests;
    const { packetIns } = scene.agent.switches;
    const before = packetIns.answered + packetIns.limited;
    const flood = one!.spawn(process.execPath, ['-e', floodProgram], { stdio: ['ignore', 'pipe', 'inherit'] });
    let sent = '';
    flood.stdout!.on('data', (text) => {
      sent += text;
    });
    try {
      await new Promise((resolve) => flood.stdout!.once('data', resolve));
      for (let i = 0; i < 10; i++) expect(await dig(two!, 'www.net1')).toBe('NOERROR 10.0.1.2');
    } finally {
      flood.kill('SIGTERM');
    }
    const seen = packetIns.answered + packetIns.limited - before;
    const { total, most } = packetIns.spent;
    const average = total / packetIns.answered;
    process.stdout.write(`flood: sent ${sent.trim().split('\n').at(-1)}/s, agent saw ${seen}; `);
    process.stdout.write(`agent ${average.toFixed(3)} ms an answer, at most ${most.toFixed(1)} ms\n`);
    expect(average).toBeLessThan(5);
  });

  it('lives through queries that make no sense', async () => {
    const [one, two] = scene.guests;
    const { counts } = scene.agent.switches.packetIns;
    const malformed = (): number => counts.get('dns malformed') ?? 0;
    const before = malformed();
    // The flood has used up what the port may ask at once.
    await new Promise((resolve) => setTimeout(resolve, 1100));
    await one!.exec('python3', ['-c', malformedProgram]);
    await scene.until(() => malformed() >= before + 20);
    expect(await dig(two!, 'www.net1')).toBe('NOERROR 10.0.1.2');
  });
});

const floodProgram = `
const socket = require('dgram').createSocket('udp4');
const query = Buffer.from('00070100000100000000000003777777046e65743100' + '00010001', 'hex');
let sent = 0; let last = 0;
setInterval(() => { console.log(sent - last); last = sent; }, 1000);
socket.bind(0, () => setInterval(() => {
  for (let i = 0; i < 100; i++) { socket.send(query, 53, '10.0.1.253', () => {}); sent++; }
}, 5));`;

const malformedProgram = `
import os, socket, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for n in range(60):
    s.sendto((bytes([0, 7, 1, 0, 0, n % 3, 0, 0, 0, 0, 0, 0]) + b'\\xc0\\x0c' + os.urandom(20))[:n], ('10.0.1.253', 53)); time.sleep(0.012)
`;
