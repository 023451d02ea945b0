/** What is larger than the tunnel between two hosts takes, in a real underlay with an MTU of 1500 bytes. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Guest, LabHosts, patience } from '@openvnet/lab';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

/** The largest packet in a Geneve tunnel. */
const most = 1450;

const guests = {
  a: { host: 'h1', network: 1, ip: '10.0.1.1' },
  b: { host: 'h2', network: 1, ip: '10.0.1.2' },
  c: { host: 'h2', network: 2, ip: '10.0.2.3' },
} as const;
type Name = keyof typeof guests;
const names = Object.keys(guests) as Name[];

let net: LabHosts;
const at = {} as Record<Name, Guest>;

beforeAll(async () => {
  net = await LabHosts.start({ hosts: 2, mtu: 1500 });
  await net.api('POST', '/route_links', { uuid: 'rl-1' });
  for (const n of [1, 2]) {
    const network_uuid = `nw-${n}`;
    const interface_uuid = `if-gw${n}`;
    await net.api('POST', '/networks', { uuid: network_uuid, ipv4_network: `10.0.${n}.0` });
    const gateway = { uuid: interface_uuid, mode: 'simulated', network_uuid, ipv4_address: `10.0.${n}.254` };
    await net.api('POST', '/interfaces', gateway);
    await net.api('POST', '/routes', { interface_uuid, route_link_uuid: 'rl-1', ipv4_network: `10.0.${n}.0` });
  }
  for (const [i, name] of names.entries()) {
    const { host, network, ip } = guests[name];
    const mac = `52:54:00:0d:85:0${i + 1}`;
    const form = { uuid: `if-${name}`, network_uuid: `nw-${network}`, ipv4_address: ip, mac_address: mac };
    await net.api('POST', '/interfaces', form);
    const routes = [{ to: '10.0.0.0/16', via: `10.0.${network}.254` }];
    at[name] = await net.guest(host, { name, mac, addresses: [`${ip}/24`], routes });
  }
  const deadline = Date.now() + 20_000 * patience;
  const placed = async (name: Name) => (await net.api('GET', `/interfaces/if-${name}/active_interfaces`)).items.length;
  for (const name of names)
    while ((await placed(name)) === 0) {
      if (Date.now() > deadline) throw new Error(`if-${name} is on no host`);
      await sleep(50);
    }
  await net.settled();
}, 120_000 * patience);

afterAll(() => net?.[Symbol.asyncDispose]());

/** Pings with an IP packet of so many bytes, and says what `ping` says. */
async function ping(to: string, size: number, fragments: 'do' | 'dont', count = 3): Promise<string> {
  const args = ['-n', '-c', `${count}`, '-i', '0.2', '-W', '1', '-M', fragments, '-s', `${size - 28}`, to];
  const { stdout, stderr } = await at.a.exec('ping', args, { mayFail: true });
  return stdout + stderr;
}

describe.each([
  ['switched', '10.0.1.2', '10.0.1.2'],
  ['routed', '10.0.2.3', '10.0.1.254'],
] as const)('a %s packet to another host', (_, to, teller) => {
  it('passes at the limit, and is answered one byte above', { timeout: 30_000 * patience }, async () => {
    await at.a.exec('ip', ['route', 'flush', 'cache']);
    expect(await ping(to, most, 'do')).toContain('3 received');
    const above = await ping(to, most + 1, 'do');
    expect(above).toContain(`From ${teller} icmp_seq=1 Frag needed and DF set (mtu = ${most})`);
    expect(above).toMatch(new RegExp(`message too long, mtu=${most}`, 'i'));
  });

  it('passes in fragments where that is allowed, and so does the answer', { timeout: 30_000 * patience }, async () => {
    await at.a.exec('ip', ['route', 'flush', 'cache']);
    for (const size of [most + 1, 1500, 4000]) expect(await ping(to, size, 'dont')).toContain('3 received');
  });

  it('of TCP is as large as passes, whatever the receiver says', { timeout: 60_000 * patience }, async () => {
    await at.a.exec('ip', ['route', 'flush', 'cache']);
    const receiver = to === guests.b.ip ? at.b : at.c;
    const server = receiver.spawn(process.execPath, ['-e', countProgram], { stdio: ['ignore', 'pipe', 'inherit'] });
    await new Promise((resolve) => server.stdout!.once('data', resolve));
    const capture = await receiver.capture({ filter: 'tcp and src 10.0.1.1' });
    const { stdout } = await at.a.exec(process.execPath, ['-e', sendProgram(to)], { timeoutMs: 20_000 * patience });
    const sizes = (await capture.stop()).map((line) => Number(/ length (\d+): /.exec(line)?.[1]));
    server.kill();
    expect(stdout.trim()).toBe('2000000');
    expect(Math.max(...sizes)).toBe(most + 14);
  });
});

it('status names a network of which the MTU does not fit, with the one that does', async () => {
  const notes = async () => (await net.api('GET', '/networks/nw-1')).status.notes;
  await net.api('PUT', '/networks/nw-1', { mtu: '1500' });
  expect(await notes()).toEqual([
    `its MTU of 1500 bytes does not fit the tunnel between dp-h1 and dp-h2, which takes ${most}. Use: vnctl networks modify nw-1 --mtu ${most}`,
  ]);
  await net.api('PUT', '/networks/nw-1', { mtu: `${most}` });
  expect(await notes()).toEqual([]);
});

/** Counts what one connection brings, and tells it in the end. */
const countProgram = `require('net').createServer({ allowHalfOpen: true }, (c) => {
  let size = 0; c.on('data', (d) => { size += d.length; }).on('end', () => c.end(String(size)));
}).listen(80, () => console.log('up'))`;
const sendProgram = (to: string): string => `const c = require('net').connect(80, '${to}'); c.end(Buffer.alloc(2e6));
  c.on('data', (d) => console.log(String(d)))`;
