import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { type Guest, patience } from '@openvnet/lab';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Stage, stage } from './testing-services.ts';

/** Where a public server is played; DNS has one port. */
const publicServer = '127.77.0.1';

let scene: Stage;
let upstream: Socket;
let upstreamTcp: Server;
/** What the public server was asked over TCP. */
const askedOverTcp: string[] = [];
const asked: string[] = [];
/** Addresses of one name: more than a datagram takes. */
const many = 100;

beforeAll(async () => {
  scene = await stage(2, ['dns']);
  await scene.post('dns_services', { uuid: 'dnss-1', network_service_uuid: 'ns-dns', public_dns: publicServer });
  await scene.post('dns_services/dnss-1/dns_records', { uuid: 'dnsr-www', name: 'www', ipv4_address: '10.0.1.2' });
  for (let n = 0; n < many; n++) {
    const ipv4_address = `10.0.3.${n}`;
    await scene.post('dns_services/dnss-1/dns_records', { uuid: `dnsr-many${n}`, name: 'many', ipv4_address });
  }
  await scene.settled();
  for (const [i, guest] of scene.guests.entries())
    await guest.exec('ip', ['addr', 'add', `10.0.1.${i + 1}/24`, 'dev', 'eth0']);
  upstream = createSocket('udp4');
  upstream.on('message', (query, { port, address }) => {
    const name = firstLabel(query);
    asked.push(name);
    if (name === 'silent') return;
    upstream.send(name === 'long' ? publicReply(query, 0, 0x8380) : publicReply(query, 1), port, address);
  });
  upstreamTcp = createServer((socket) => {
    socket.on('error', () => {});
    socket.on('data', (bytes) => {
      const query = bytes.subarray(2);
      askedOverTcp.push(firstLabel(query));
      const reply = publicReply(query, 300);
      const size = Buffer.alloc(2);
      size.writeUInt16BE(reply.length);
      socket.write(Buffer.concat([size, reply]));
    });
  });
  upstreamTcp.listen(53, publicServer);
  await once(upstreamTcp, 'listening');
  upstream.bind(53, publicServer);
  await once(upstream, 'listening');
});

afterAll(async () => {
  upstream?.close();
  upstreamTcp?.close();
  await scene?.[Symbol.asyncDispose]();
});

function firstLabel(query: Buffer): string {
  return query.toString('latin1', 13, 13 + query[12]!);
}

/** Some A records, 192.0.2.1 and on, after the question, whose name they point to. */
function publicReply(query: Buffer, count: number, flags = 0x8180): Buffer {
  let end = 12;
  while (query[end] !== 0) end += query[end]! + 1;
  const records = Array.from({ length: count }, (_, i) => {
    const record = Buffer.from('c00c000100010000003c0004c0000200', 'hex');
    record.writeUInt16BE(0x201 + i, 14);
    return record;
  });
  const reply = Buffer.concat([query.subarray(0, end + 5), ...records]);
  reply.writeUInt16BE(flags, 2);
  reply.writeUInt16BE(count, 6);
  return reply.fill(0, 8, 12);
}

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

  it('answers over TCP, and one that falls back to it', async () => {
    const one = scene.guests[0]!;
    expect(await dig(one, '+tcp', 'www.net1')).toBe('NOERROR 10.0.1.2');
    expect(await dig(one, '+tcp', '+keepopen', 'www.net1', '1.net1', 'nobody.net1')).toBe('NOERROR 10.0.1.2 10.0.1.1');
    const whole = Array.from({ length: many }, (_, n) => `10.0.3.${n}`);
    const addresses = (text: string): string[] => text.split(' ').slice(1).sort();
    expect(addresses(await dig(one, 'many.net1'))).toEqual(whole.sort());
    expect(await dig(one, '+ignore', 'many.net1')).toBe('NOERROR');
    const { stdout } = await one.exec('dig', ['+noall', '+comments', '+stats', '@10.0.1.253', 'many.net1']);
    expect(stdout).toMatch(/Truncated, retrying in TCP mode[\s\S]*SERVER: 10.0.1.253#53\(10.0.1.253\) \(TCP\)/);
    const closed = (): number => scene.agent.switches.packetIns.counts.get('dns_tcp closed') ?? 0;
    await scene.until(() => closed() >= 4);
  });

  it('asks a public server over TCP where that has more to say', async () => {
    const one = scene.guests[0]!;
    const whole = await dig(one, 'long.example');
    expect(whole.split(' ').length).toBe(301);
    expect(whole).toMatch(/^NOERROR 192.0.2.1 .* 192.0.3.44$/);
    expect(askedOverTcp).toEqual(['long']);
    expect(await dig(one, '+tcp', 'public.example')).toBe('NOERROR 192.0.2.1');
    expect(askedOverTcp).toEqual(['long']);
  });

  it('refuses connections that nobody serves', async () => {
    const began = performance.now();
    expect(await dig(scene.guests[0]!, '+tcp', '-p', '54', 'www.net1')).toBe('none');
    expect(performance.now() - began).toBeLessThan(4000);
  });

  it('sends as much as a slow client takes, and all of it', async () => {
    const { stdout } = await scene.guests[0]!.exec('python3', ['-c', slowProgram]);
    expect(JSON.parse(stdout)).toEqual(Array(slowQueries).fill(many));
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
      for (let i = 0; i < 10; i++) expect(await dig(two!, `+tries=${patience}`, 'www.net1')).toBe('NOERROR 10.0.1.2');
    } finally {
      flood.kill('SIGTERM');
    }
    const seen = packetIns.answered + packetIns.limited - before;
    const { total, most } = packetIns.spent;
    const average = total / packetIns.answered;
    process.stdout.write(`flood: sent ${sent.trim().split('\n').at(-1)}/s, agent saw ${seen}; `);
    process.stdout.write(`agent ${average.toFixed(3)} ms an answer, at most ${most.toFixed(1)} ms\n`);
    expect(average).toBeLessThan(5 * patience);
  });

  it('lives through queries that make no sense', async () => {
    const [one, two] = scene.guests;
    const { counts } = scene.agent.switches.packetIns;
    const malformed = (): number => counts.get('dns malformed') ?? 0;
    const before = malformed();
    // The flood has used up what the port may ask at once: the first ones may not get through.
    await scene.until(async () => {
      await one!.exec('python3', ['-c', malformedProgram]);
      return malformed() >= before + 20;
    });
    expect(await dig(two!, 'www.net1')).toBe('NOERROR 10.0.1.2');
  });
});

/** Fewer where the agent is slow, as in dhcp.lab.test.ts. */
const perTick = 100 / patience ** 2;

const floodProgram = `
const socket = require('dgram').createSocket('udp4');
const query = Buffer.from('00070100000100000000000003777777046e65743100' + '00010001', 'hex');
let sent = 0; let last = 0;
setInterval(() => { console.log(sent - last); last = sent; }, 1000);
socket.bind(0, () => setInterval(() => {
  for (let i = 0; i < ${perTick}; i++) { socket.send(query, 53, '10.0.1.253', () => {}); sent++; }
}, 5));`;

const malformedProgram = `
import os, socket, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for n in range(60):
    s.sendto((bytes([0, 7, 1, 0, 0, n % 3, 0, 0, 0, 0, 0, 0]) + b'\\xc0\\x0c' + os.urandom(20))[:n], ('10.0.1.253', 53)); time.sleep(0.012)
`;

/** Queries that are asked at once on a connection; the answers are more than the agent keeps of it. */
const slowQueries = 80;
/** A client with little room that reads late, and has ended its side long before; prints how many addresses each answer has. */
const slowProgram = `
import json, socket, struct, time
s = socket.socket()
s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
s.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, 600)
s.settimeout(10)
s.connect(('10.0.1.253', 53))
query = bytes.fromhex('00070100000100000000000004' + b'many'.hex() + '04' + b'net1'.hex() + '0000010001')
s.sendall((struct.pack('>H', len(query)) + query) * ${slowQueries})
s.shutdown(socket.SHUT_WR)
time.sleep(1)
got = b''
while part := s.recv(700): got += part
counts = []
while got:
    size, = struct.unpack('>H', got[:2])
    counts.append(struct.unpack('>H', got[8:10])[0])
    got = got[2 + size:]
print(json.dumps(counts))
`;
