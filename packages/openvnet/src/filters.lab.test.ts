import type { Guest } from '@openvnet/lab';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { greets, type Scene, serve, startScene } from './testing-filters.ts';

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

/** Sends datagrams that come to a port of a guest back; returns when it listens. */
async function echoDatagrams(guest: Guest, port: number): Promise<void> {
  const text = `const s = require('dgram').createSocket('udp4').on('message', (m, r) => s.send(m, r.port, r.address));
    s.bind(${port}, () => console.log('up'));`;
  const server = guest.spawn(process.execPath, ['-e', text], { stdio: ['ignore', 'pipe', 'inherit'] });
  await new Promise((resolve) => server.stdout!.once('data', resolve));
}

/** How much of a datagram of 4000 bytes comes back. */
async function echoes(guest: Guest, address: string, port: number): Promise<number> {
  const text = `const s = require('dgram').createSocket('udp4');
    s.on('message', (m) => { console.log(m.length); process.exit(); }).send(Buffer.alloc(4000), ${port}, '${address}');
    setTimeout(() => process.exit(), 1000);`;
  return Number((await guest.exec(process.execPath, ['-e', text], { timeoutMs: 5000 })).stdout);
}

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
    expect([await echoes(vm, '10.0.0.2', 99), await echoes(peer, '10.0.0.1', 98)]).toEqual([4000, 4000]);
    await remove(rules[0]!);
    expect(await echoes(vm, '10.0.0.2', 99)).toBe(0);
    expect(await echoes(peer, '10.0.0.1', 98)).toBe(4000);
    await remove(rules[1]!);
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
