import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ReportHost } from './testing.ts';

let host: ReportHost;

/** The field report's host, whose namespace has no route at all, with DNS at 172.16.1.53 for other names by 192.0.2.1. */
beforeAll(async () => {
  host = await ReportHost.start();
  const own = { network_uuid: 'nw-net1', mac_address: '52:54:00:00:01:53', ipv4_address: '172.16.1.53' };
  await host.api('POST', '/interfaces', { uuid: 'if-dns', mode: 'simulated', ...own });
  await host.api('POST', '/network_services', { uuid: 'ns-dns', interface_uuid: 'if-dns', mode: 'dns' });
  const servers = { network_service_uuid: 'ns-dns', public_dns: '192.0.2.1' };
  await host.api('POST', '/dns_services', { uuid: 'dnss-1', ...servers });
  await host.settled();
});
afterAll(() => host?.[Symbol.asyncDispose]());

describe('a host without any route', () => {
  it('answers that it failed where a public DNS server is out of reach, counts it, and serves on', async () => {
    const dig = async (...args: string[]): Promise<string | undefined> => {
      const all = ['+timeout=4', '+tries=1', '+noall', '+comments', '@172.16.1.53', ...args];
      const { stdout } = await host.ns(1).exec('dig', all, { mayFail: true });
      return /status: (\w+)/.exec(stdout)?.[1];
    };
    const before = (await host.api('GET', '/status')).agents[0].pid;
    expect([await dig('example.com'), await dig('+tcp', 'example.com')]).toEqual(['SERVFAIL', 'SERVFAIL']);
    expect(await dig('-x', '172.16.1.1')).toBe('NOERROR');
    const status = await host.api('GET', '/status');
    expect(status.agents).toMatchObject([{ pid: before, connected: true }]);
    expect(status.packets[0].counts).toMatchObject({ 'dns server unreachable': 1, 'dns_tcp server unreachable': 1 });
    expect(Date.parse(status.packets[0].since)).toBeLessThan(Date.now());
  });
});

const listener = `
const socket = require('dgram').createSocket('udp4');
socket.on('message', (bytes, { address }) => console.log(address + ' ' + bytes));
socket.bind(9999, '0.0.0.0', () => console.log('ready'));
`;

/** Sends a datagram to port 9999 from an address, to an address, in a frame to a MAC address. */
const sender = `
import socket, struct, sys
source, target, mac, word = sys.argv[1:5]
def total(data):
    value = sum(struct.unpack('>%dH' % (len(data) // 2), data))
    while value >> 16: value = (value & 0xffff) + (value >> 16)
    return ~value & 0xffff
payload = word.encode()
udp = struct.pack('>HHHH', 68, 9999, 8 + len(payload), 0) + payload
ends = socket.inet_aton(source) + socket.inet_aton(target)
head = struct.pack('>BBHHHBBH', 0x45, 0, 20 + len(udp), 7, 0, 64, 17, 0) + ends
head = head[:10] + struct.pack('>H', total(head)) + head[12:]
raw = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
raw.bind(('eth0', 0))
raw.send(bytes.fromhex(mac.replace(':', '')) + bytes.fromhex('5254000d8401') + b'\\x08\\x00' + head + udp)
`;

describe("the host's own sockets", () => {
  it('hear nothing of a guest, whatever address it says to have', async () => {
    const { namespace } = host.vswitch;
    const words = ['netns', 'exec', namespace!, process.execPath, '-e', listener];
    const child = spawn('ip', words, { stdio: ['ignore', 'pipe', 'inherit'] });
    let heard = '';
    child.stdout!.setEncoding('utf8').on('data', (text: string) => {
      heard += text;
    });
    try {
      for (const end = performance.now() + 5000; !heard.includes('ready'); await sleep(20))
        if (performance.now() > end) throw new Error('the listener did not start');
      const port = (await host.beside('cat', '/sys/class/net/if-veth1/address')).trim();
      const frames = [
        ['0.0.0.0', '255.255.255.255', 'ff:ff:ff:ff:ff:ff', 'limited-broadcast'],
        ['0.0.0.0', '0.0.0.0', 'ff:ff:ff:ff:ff:ff', 'no-target'],
        ['0.0.0.0', '255.255.255.255', port, 'to-the-port'],
        ['0.0.0.0', '127.0.0.1', port, 'loopback'],
        ['172.16.1.1', '255.255.255.255', 'ff:ff:ff:ff:ff:ff', 'own-address'],
        ['172.16.1.1', '172.16.1.255', 'ff:ff:ff:ff:ff:ff', 'directed-broadcast'],
        ['127.0.0.1', '127.0.0.1', port, 'from-loopback'],
      ] as const;
      for (const frame of frames) await host.ns(1).exec('python3', ['-c', sender, ...frame]);
      await sleep(300);
      expect(heard.trim().split('\n')).toEqual(['ready']);
    } finally {
      child.kill();
    }
  });
});
