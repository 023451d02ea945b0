/** A guest moves between hosts, as a virtual machine does that migrates: nobody who talks to it notices. */
import { once } from 'node:events';
import { type Guest, LabHosts, patience } from '@openvnet/lab';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from './testing.ts';

let net: LabHosts;
/** In a network with the one that moves. */
let near: Guest;
/** In another network, behind a router. */
let far: Guest;
let moving: Guest;
const address = '10.0.1.2';

beforeAll(async () => {
  net = await LabHosts.start({ hosts: 3, underlays: 2 });
  for (const n of [1, 2])
    await net.api('POST', '/networks', { uuid: `nw-${n}`, ipv4_network: `10.0.${n}.0`, display_name: `net${n}` });
  await net.api('POST', '/route_links', { uuid: 'rl-1' });
  for (const n of [1, 2]) {
    const gateway = { uuid: `if-gw${n}`, mode: 'simulated', network_uuid: `nw-${n}`, ipv4_address: `10.0.${n}.254` };
    await net.api('POST', '/interfaces', { ...gateway, mac_address: `52:54:00:00:0${n}:fe` });
    const route = { route_link_uuid: 'rl-1', network_uuid: `nw-${n}`, interface_uuid: gateway.uuid };
    await net.api('POST', '/routes', { ...route, ipv4_network: `10.0.${n}.0` });
  }
  near = await guest('h1', 'near', 1, 1);
  far = await guest('h3', 'far', 2, 1);
  moving = await guest('h2', 'moving', 1, 2);
  await net.settled();
}, 120_000 * patience);
afterAll(() => net?.[Symbol.asyncDispose]());

async function guest(host: string, name: string, network: number, number: number): Promise<Guest> {
  const [mac, ip] = [`52:54:00:00:0${network}:0${number}`, `10.0.${network}.${number}`];
  const row = { uuid: `if-${name}`, network_uuid: `nw-${network}`, ipv4_address: ip, mac_address: mac };
  await net.api('POST', '/interfaces', row);
  const made = await net.guest(host, { name, mac, addresses: [`${ip}/24`] });
  await made.exec('ip', ['route', 'add', 'default', 'via', `10.0.${network}.254`]);
  return made;
}

/** A ping that goes on until it is told to end, and then says how many of its requests were lost. */
function pinging(from: Guest, to: string, intervalMs: number) {
  const args = ['-n', '-i', `${intervalMs / 1000}`, to];
  const ping = from.spawn('ping', args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  ping.stdout!.on('data', (text) => {
    output += String(text);
  });
  const numbers = (): number[] => [...output.matchAll(/icmp_seq=(\d+) .* time=/g)].map(([, number]) => Number(number));
  return {
    answered: (more: number) => {
      const wanted = numbers().length + more;
      return until(async () => numbers().length >= wanted);
    },
    end: async (): Promise<number> => {
      const over = once(ping, 'close');
      ping.kill('SIGINT');
      await over;
      // Requests after the last answer may have been under way.
      return Math.max(...numbers()) - new Set(numbers()).size;
    },
  };
}

/** A stream from one guest to another, which reports what has arrived. */
async function streaming(from: Guest, to: Guest, ip: string) {
  const server = `let n = 0; require('node:net').createServer((s) => s.on('data', (d) => (n += d.length))).listen(7, '${ip}', () => setInterval(() => console.log(n), 50));`;
  const sink = to.spawn(process.execPath, ['-e', server], { stdio: ['ignore', 'pipe', 'inherit'] });
  let bytes = 0;
  let grewAt = performance.now();
  let longestMs = 0;
  sink.stdout!.on('data', (chunk: Buffer) => {
    const now = performance.now();
    const last = Number(String(chunk).trim().split('\n').at(-1));
    if (last === bytes) return;
    if (bytes > 0) longestMs = Math.max(longestMs, now - grewAt);
    [bytes, grewAt] = [last, now];
  });
  await once(sink.stdout!, 'data');
  const client = `const s = require('node:net').connect(7, '${ip}', () => setInterval(() => s.write(Buffer.alloc(1000)), 5)); s.on('error', () => process.exit(1));`;
  const source = from.spawn(process.execPath, ['-e', client], { stdio: 'inherit' });
  return {
    get bytes() {
      return bytes;
    },
    get longestMs() {
      return longestMs;
    },
    get goesOn() {
      return source.exitCode === null;
    },
    end: () => {
      source.kill();
      sink.kill();
    },
  };
}

const placesOf = async (): Promise<string[]> => {
  const { items } = await net.api('GET', '/interfaces/if-moving/active_interfaces');
  return items.map((one: { datapath_uuid: string; standby: boolean }) =>
    one.standby ? `(${one.datapath_uuid})` : one.datapath_uuid,
  );
};

/** Moves the guest to each host in turn, under pings and a stream. */
async function movesTo(...hosts: readonly string[]): Promise<void> {
  // An emulated kernel does not keep up with more.
  const intervalMs = patience > 1 ? 100 : 10;
  const stream = await streaming(near, moving, address);
  for (const host of hosts) {
    const pings = [near, far].map((from) => pinging(from, address, intervalMs));
    await Promise.all(pings.map((ping) => ping.answered(50)));
    const before = stream.bytes;
    await net.move(moving, host, { overlapMs: 1000 });
    await Promise.all(pings.map((ping) => ping.answered(50)));
    const lost = await Promise.all(pings.map((ping) => ping.end()));
    await expect.poll(() => stream.bytes, { timeout: 10_000 }).toBeGreaterThan(before + 20_000);
    await expect.poll(placesOf, { timeout: 5000 }).toEqual([`dp-${host}`]);
    console.log(
      `moved to ${host}: lost ${lost.join(' and ')}; the stream paused for ${stream.longestMs.toFixed(0)} ms`,
    );
    expect(Math.max(...lost), host).toBeLessThanOrEqual(1);
    const { status } = await net.api('GET', '/interfaces/if-moving');
    expect(status.notes.join()).toMatch(
      new RegExp(
        `if-moving moved from port if-moving on dp-h\\d to port if-moving on dp-${host}, where its guest was heard \\(`,
      ),
    );
  }
  expect(stream.goesOn).toBe(true);
  stream.end();
}

describe('a guest that moves between hosts', () => {
  it('loses at most one ping of 100 Hz, switched or routed, and its connections go on', async () => {
    await movesTo('h3', 'h1', 'h2');
  }, 120_000);

  it('does so with filters, whose connections begin on another host', async () => {
    await net.client.filters.create({ uuid: 'fil-1', interface_uuid: 'if-moving', mode: 'static' });
    for (const rule of [
      { protocol: 'icmp', action: 'pass' },
      { protocol: 'tcp', dst_port: 7, action: 'pass' },
    ])
      await net.client.nestedOf('filter_static').create('fil-1', rule);
    await net.client.interfaces.update('if-moving', { enable_filtering: true });
    await net.settled();
    await movesTo('h3', 'h2');
    await net.client.interfaces.update('if-moving', { enable_filtering: false });
  }, 120_000);

  it('keeps its place while another host has its port, and is known there as standby', async () => {
    const { vswitch } = net.host('h3');
    await vswitch.vsctl('add-port', 'br0', 'if-moving', '--', 'set', 'Interface', 'if-moving', 'type=internal');
    await expect.poll(placesOf, { timeout: 5000 }).toEqual(['dp-h2', '(dp-h3)']);
    expect(await near.ping(address, { count: 5, intervalMs: 20 })).toMatchObject({ received: 5 });
    await vswitch.deletePorts('if-moving');
    await expect.poll(placesOf, { timeout: 5000 }).toEqual(['dp-h2']);
  });
});
