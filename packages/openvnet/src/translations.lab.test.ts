import type { Guest } from '@openvnet/lab';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from './testing.ts';
import { datagram, echoDatagrams, greets, type Scene, serve, startScene } from './testing-filters.ts';

let scene: Scene;
let inside: Guest;
let outside: Guest;
const pair = { ingress_ipv4_address: '10.0.2.100', egress_ipv4_address: '10.0.1.1' };

/** Networks inside (1) and outside (2), whose gateway translates, with 10.0.2.100 leased for that. */
beforeAll(async () => {
  scene = await startScene();
  const { client } = scene;
  await client.route_links.create({ uuid: 'rl-1', mac_address: '02:00:00:00:00:01' });
  for (const n of [1, 2]) {
    const network_uuid = `nw-${n}`;
    await client.networks.create({ uuid: network_uuid, ipv4_network: `10.0.${n}.0`, mode: 'virtual' });
    await client.interfaces.create({
      uuid: `if-gw${n}`,
      mode: 'simulated',
      network_uuid,
      ipv4_address: `10.0.${n}.254`,
      mac_address: `52:54:00:00:01:0${n}`,
      enable_route_translation: n === 2,
    });
    const interface_uuid = `if-gw${n}`;
    await client.routes.create({ interface_uuid, network_uuid, route_link_uuid: 'rl-1', ipv4_network: `10.0.${n}.0` });
  }
  const [lease] = (await client.mac_leases.list()).items.filter(({ interface_uuid }) => interface_uuid === 'if-gw2');
  await client.ip_leases.create({
    mac_lease_uuid: lease!.uuid,
    network_uuid: 'nw-2',
    ipv4_address: '10.0.2.100',
    enable_routing: true,
  });
  inside = await scene.guest('in', { network: 'nw-1', address: '10.0.1.1', via: '10.0.1.254', number: 1 });
  outside = await scene.guest('out', { network: 'nw-2', address: '10.0.2.1', via: '10.0.2.254', number: 2 });
  await serve(inside, 80);
  await serve(outside, 80);
  await echoDatagrams(inside, 53);
  await echoDatagrams(outside, 53);
  await client.translations.create({ uuid: 'tr-1', interface_uuid: 'if-gw2', mode: 'static_address' });
});

afterAll(() => scene?.[Symbol.asyncDispose]());

const answers = async (from: Guest, address: string): Promise<boolean> =>
  (await from.ping(address, { count: 2, intervalMs: 50, timeoutMs: 500 })).received === 2;

async function settled(): Promise<void> {
  await scene.settled('interface', 'if-gw2');
}

describe('a gateway that translates', () => {
  it('lets nothing pass untranslated, and answers for itself', async () => {
    await settled();
    expect([await answers(outside, '10.0.1.1'), await answers(inside, '10.0.2.1')]).toEqual([false, false]);
    expect([await answers(outside, '10.0.2.254'), await answers(outside, '10.0.2.100')]).toEqual([true, false]);
  });

  it('makes one address another, whoever begins, with fragments too', async () => {
    await scene.client.nestedOf('translation_static_address').create('tr-1', pair);
    await settled();
    expect([await answers(outside, '10.0.2.100'), await answers(inside, '10.0.2.1')]).toEqual([true, true]);
    expect([await greets(outside, '10.0.2.100', 80), await greets(inside, '10.0.2.1', 80)]).toEqual([true, true]);
    const large = await outside.exec('ping', ['-c', '1', '-W', '1', '-s', '4000', '10.0.2.100'], { mayFail: true });
    expect(large.code).toBe(0);
    const capture = await outside.capture({ filter: 'icmp' });
    await answers(inside, '10.0.2.1');
    const lines = await capture.stop();
    expect(lines.some((line) => line.includes('10.0.2.100 > 10.0.2.1: ICMP echo request'))).toBe(true);
    expect(lines.some((line) => line.includes('10.0.1.1'))).toBe(false);
  });

  it('makes datagrams one of the other, with fragments, and tells who sends them that nobody listens', async () => {
    expect([
      await datagram(outside, { to: '10.0.2.100', port: 53 }),
      await datagram(inside, { to: '10.0.2.1', port: 53 }),
      await datagram(outside, { to: '10.0.2.100', port: 99, size: 10 }),
      await datagram(inside, { to: '10.0.2.1', port: 99, size: 10 }),
    ]).toEqual(['4000', '4000', 'ECONNREFUSED', 'ECONNREFUSED']);
  });

  it('forgets an entry with it', async () => {
    await scene.client.nestedOf('translation_static_address').remove('tr-1', pair);
    await settled();
    expect(await answers(outside, '10.0.2.100')).toBe(false);
  });

  it('makes one port another', async () => {
    const ports = { ...pair, ingress_port_number: 8080, egress_port_number: 80 };
    await scene.client.nestedOf('translation_static_address').create('tr-1', ports);
    await settled();
    expect([await greets(outside, '10.0.2.100', 8080), await greets(outside, '10.0.2.100', 80)]).toEqual([true, false]);
    expect(await answers(outside, '10.0.2.100')).toBe(false);
  });

  it('makes datagrams of one port those of another, with fragments, and tells who sends them that nobody listens', async () => {
    const each = (outer: number, inner: number) => ({ ...pair, ingress_port_number: outer, egress_port_number: inner });
    for (const ports of [each(5353, 53), each(5399, 99), each(5400, 4000)])
      await scene.client.nestedOf('translation_static_address').create('tr-1', ports);
    await settled();
    expect([
      await datagram(outside, { to: '10.0.2.100', port: 5353 }),
      await datagram(inside, { to: '10.0.2.1', port: 53, from: 4000 }),
      await datagram(outside, { to: '10.0.2.100', port: 5399, size: 10 }),
      await datagram(inside, { to: '10.0.2.1', port: 99, from: 4000, size: 10 }),
      await datagram(outside, { to: '10.0.2.100', port: 53 }),
    ]).toEqual(['4000', '4000', 'ECONNREFUSED', 'ECONNREFUSED', 'nothing']);
  });

  it('carries established connections and fragments on when the switch has started again', async () => {
    const text = `const s = require('net').connect(8080, '10.0.2.100'); s.on('data', (d) => console.log(String(d)));
      process.stdin.on('data', (d) => s.write(d));`;
    const client = outside.spawn(process.execPath, ['-e', text], { stdio: ['pipe', 'pipe', 'inherit'] });
    let heard = '';
    client.stdout!.on('data', (data) => {
      heard += data;
    });
    const hears = async (word: string): Promise<void> => {
      client.stdin!.write(word);
      await until(async () => heard.includes(word));
    };
    await hears('before');
    await scene.vswitch.kill9();
    await scene.vswitch.restart();
    await hears('after');
    // The way out first: what was noted of the way in is gone.
    expect(await datagram(inside, { to: '10.0.2.1', port: 53, from: 4000 })).toBe('4000');
    expect(await datagram(inside, { to: '10.0.2.1', port: 99, from: 4000, size: 10 })).toBe('ECONNREFUSED');
    client.kill();
  });

  it('lets the rest pass where it may', async () => {
    await scene.client.translations.update('tr-1', { passthrough: true });
    await settled();
    expect([await answers(outside, '10.0.1.1'), await answers(inside, '10.0.2.1')]).toEqual([true, true]);
    expect(await greets(outside, '10.0.2.100', 8080)).toBe(true);
  });
});
