import type { Guest } from '@openvnet/lab';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { datagram, echoDatagrams, greets, type Scene, serve, startScene } from './testing-filters.ts';

let scene: Scene;
let vm: Guest;
let peer: Guest;
let other: Guest;

beforeAll(async () => {
  scene = await startScene();
  await scene.client.networks.create({ uuid: 'nw-1', ipv4_network: '10.0.0.0', mode: 'virtual' });
  const at = (number: number) => ({ network: 'nw-1', address: `10.0.0.${number}`, via: '10.0.0.254', number });
  [vm, peer, other] = [
    await scene.guest('vm', at(1)),
    await scene.guest('peer', at(2)),
    await scene.guest('oth', at(3)),
  ];
  for (const guest of [vm, peer]) await serve(guest, 80);
  await scene.client.filters.create({ uuid: 'fil-vm', interface_uuid: 'if-vm', mode: 'static' });
});

afterAll(() => scene?.[Symbol.asyncDispose]());

const pings = async (from: Guest, address: string, size = 56): Promise<boolean> => {
  const args = ['-n', '-c', '2', '-i', '0.1', '-W', '0.5', '-s', `${size}`, address];
  return (await from.exec('ping', args, { mayFail: true })).code === 0;
};

type Rule = Readonly<Record<string, string | number>>;

async function add(...rules: Rule[]): Promise<void> {
  for (const rule of rules) await scene.client.nestedOf('filter_static').create('fil-vm', rule);
  await scene.settled('filter', 'fil-vm');
}

async function remove(...rules: Rule[]): Promise<void> {
  for (const rule of rules) await scene.client.nestedOf('filter_static').remove('fil-vm', rule);
  await scene.settled('filter', 'fil-vm');
}

async function filtering(enable_filtering: boolean): Promise<void> {
  await scene.client.interfaces.update('if-vm', { enable_filtering });
  await scene.settled('interface', 'if-vm');
}

const echoes = (guest: Guest, to: string, port: number): Promise<string> => datagram(guest, { to, port });

/** Sends 10.0.0.1 the error that it would get for a datagram from its port 4098 to port 97 of 10.0.0.2. */
const foreignError = `
import socket, struct
def sum16(b):
    s = sum(struct.unpack('!%dH' % (len(b) // 2), b))
    while s >> 16: s = (s & 0xffff) + (s >> 16)
    return 0xffff - s
ip = struct.pack('!BBHHHBBH4s4s', 0x45, 0, 32, 0, 0, 64, 17, 0, socket.inet_aton('10.0.0.1'), socket.inet_aton('10.0.0.2'))
quote = ip[:10] + struct.pack('!H', sum16(ip)) + ip[12:] + struct.pack('!HHHH', 4098, 97, 12, 0)
error = struct.pack('!BBHI', 3, 3, 0, 0) + quote
error = error[:2] + struct.pack('!H', sum16(error)) + error[4:]
socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP).sendto(error, ('10.0.0.1', 0))
`;

describe('a filtered guest', () => {
  it('is cut off when filtering is enabled, and back when it is not, without harm to others', async () => {
    expect([await pings(vm, '10.0.0.2'), await pings(peer, '10.0.0.1')]).toEqual([true, true]);
    const between = peer.ping('10.0.0.3', { count: 20, intervalMs: 50 });
    await filtering(true);
    expect([await pings(vm, '10.0.0.2'), await pings(peer, '10.0.0.1')]).toEqual([false, false]);
    expect(await greets(vm, '10.0.0.2', 80)).toBe(false);
    expect(await between).toMatchObject({ sent: 20, received: 20 });
    await filtering(false);
    expect([await pings(vm, '10.0.0.2'), await pings(peer, '10.0.0.1')]).toEqual([true, true]);
    await filtering(true);
  });

  it('is reached by what its rules pass, and by nobody else', async () => {
    const rule = { protocol: 'tcp', src_address: '10.0.0.2/32', dst_port: 80, action: 'pass' };
    await add(rule);
    expect([await greets(peer, '10.0.0.1', 80), await greets(other, '10.0.0.1', 80)]).toEqual([true, false]);
    expect([await greets(vm, '10.0.0.2', 80), await pings(peer, '10.0.0.1')]).toEqual([false, false]);
    await remove(rule);
    expect(await greets(peer, '10.0.0.1', 80)).toBe(false);
  });

  it('opens connections that conn lets it open, with fragments too, and answers no one', async () => {
    const rules = [
      { protocol: 'icmp', action: 'conn' },
      { protocol: 'tcp', src_port: 80, action: 'conn' },
    ];
    await add(...rules);
    expect([await pings(vm, '10.0.0.2'), await pings(vm, '10.0.0.2', 4000)]).toEqual([true, true]);
    expect([await pings(peer, '10.0.0.1'), await pings(peer, '10.0.0.1', 4000)]).toEqual([false, false]);
    expect([await greets(vm, '10.0.0.2', 80), await greets(peer, '10.0.0.1', 80)]).toEqual([true, false]);
    await remove(...rules);
  });

  it('takes large datagrams by the port of their first fragment', async () => {
    const rules = [
      { protocol: 'udp', src_port: 99, action: 'conn' },
      { protocol: 'udp', src_address: '10.0.0.0/24', dst_port: 98, action: 'pass' },
    ];
    await add(...rules);
    await echoDatagrams(peer, 99);
    await echoDatagrams(vm, 98);
    expect([await echoes(vm, '10.0.0.2', 99), await echoes(peer, '10.0.0.1', 98)]).toEqual(['4000', '4000']);
    await remove(rules[0]!);
    expect(await echoes(vm, '10.0.0.2', 99)).toBe('nothing');
    expect(await echoes(peer, '10.0.0.1', 98)).toBe('4000');
    await remove(rules[1]!);
  });

  it('is told that nobody listens where it was let send, and takes no error about anything else', async () => {
    const rule = { protocol: 'udp', src_port: 97, action: 'conn' };
    await add(rule);
    const closed = { to: '10.0.0.2', port: 97, from: 4097, size: 4 };
    expect(await datagram(vm, closed)).toBe('ECONNREFUSED');
    const capture = await vm.capture({ filter: 'icmp' });
    // Of a socket of the guest that sent nothing: the quote is of no connection.
    await peer.exec('python3', ['-c', foreignError]);
    // The same error about what was sent does arrive, so that the other was not lost on its way.
    await peer.exec('python3', ['-c', foreignError.replace('4098', '4097')]);
    const errors = (await capture.stop()).filter((line) => line.includes('udp port 97 unreachable'));
    expect(errors).toHaveLength(1);
    await remove(rule);
    expect(await datagram(vm, closed)).toBe('nothing');
  });

  it('keeps an established connection over a change of other rules, and loses it with its own', async () => {
    const own = { protocol: 'tcp', src_port: 80, action: 'conn' };
    await add(own);
    const text = `const s = require('net').connect(80, '10.0.0.2'); s.on('data', (d) => console.log(String(d)));
      process.stdin.on('data', (d) => s.write(d));`;
    const client = vm.spawn(process.execPath, ['-e', text], { stdio: ['pipe', 'pipe', 'inherit'] });
    let heard = '';
    client.stdout!.on('data', (data) => {
      heard += data;
    });
    const says = async (word: string): Promise<boolean> => {
      client.stdin!.write(word);
      for (let i = 0; i < 10 && !heard.includes(word); i++) await new Promise((resolve) => setTimeout(resolve, 100));
      return heard.includes(word);
    };
    expect(await says('one')).toBe(true);
    await add({ protocol: 'icmp', action: 'pass' });
    expect(await says('two')).toBe(true);
    await remove(own);
    expect(await says('three')).toBe(false);
    client.kill();
  });
});
