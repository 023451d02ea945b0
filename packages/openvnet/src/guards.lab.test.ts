/** What hostile guests and stations outside really send, and who hears it. */
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { type Guest, patience } from '@openvnet/lab';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Scene, startScene } from './testing-filters.ts';

const program = fileURLToPath(new URL('testing-frames.py', import.meta.url));
const everyone = 'ffffffffffff';
/** For which somebody listens who does not hear the last frame. */
const mostSeconds = 6;

let scene: Scene;
const guests = new Map<string, Guest>();

const macOf = (number: number): string => `5254000003${number.toString(16).padStart(2, '0')}`;
const withColons = (mac: string): string => mac.replace(/..(?=.)/g, '$&:');
const hexOf = (ip: string): string =>
  ip
    .split('.')
    .map((byte) => Number(byte).toString(16).padStart(2, '0'))
    .join('');

/** Of guests, and of the gateway of a network: its number is the third byte of their addresses, theirs the last. */
const place = (network: number, number: number) => ({
  mac: macOf(network * 16 + number),
  ip: `10.3.${network}.${number}`,
});
const people = {
  one: place(1, 1),
  two: place(1, 2),
  bare: place(1, 3),
  out: place(1, 4),
  near: place(2, 1),
  calm: place(2, 2),
  held: place(2, 3),
  far: place(3, 1),
};
type Name = keyof typeof people;
const { one, two, bare, out, near, calm, held, far } = people;
const gateways = new Map(
  [1, 2, 3].map((network) => [network, { mac: macOf(240 + network), ip: `10.3.${network}.254` }]),
);
const gateway = gateways.get(1)!;
const door = gateways.get(2)!;

/**
 * Network 1 is that of a segment, with a DHCP service: `one` and `two` have addresses there, `bare` has none, `out` is behind an
 * uplink. A router joins networks 2 (`near`, `calm`, and `held`, which is filtered) and 3 (`far`), which have no service.
 */
beforeAll(async () => {
  scene = await startScene();
  const { client, lab } = scene;
  await client.segments.create({ uuid: 'seg-g', mode: 'virtual' });
  await client.route_links.create({ uuid: 'rl-1', mac_address: '02:00:00:00:00:01' });
  for (const [network, { mac, ip }] of gateways) {
    const [uuid, interface_uuid] = [`nw-${network}`, `if-gw${network}`];
    const segment = network === 1 ? { segment_uuid: 'seg-g' } : {};
    await client.networks.create({ uuid, ipv4_network: `10.3.${network}.0`, ipv4_prefix: 24, ...segment });
    const leased = { network_uuid: uuid, ipv4_address: ip, mac_address: withColons(mac) };
    await client.interfaces.create({ uuid: interface_uuid, mode: 'simulated', ...leased });
    if (network === 1) continue;
    const route = { interface_uuid, network_uuid: uuid, route_link_uuid: 'rl-1', ipv4_network: `10.3.${network}.0` };
    await client.routes.create(route);
  }
  await client.network_services.create({ uuid: 'ns-g', interface_uuid: 'if-gw1', mode: 'dhcp' });
  for (const [name, { mac, ip }] of Object.entries(people)) {
    const [uuid, network] = [`if-${name}`, ip.split('.')[2]];
    const mac_address = withColons(mac);
    const routes = network === '1' ? [] : [{ to: 'default', via: `10.3.${network}.254` }];
    const made = { name, bridge: 'br0', port: uuid, mac: mac_address, addresses: [`${ip}/24`], routes };
    guests.set(name, await lab.namespace(made));
    const leased = { network_uuid: `nw-${network}`, ipv4_address: ip, mac_address };
    const inSegment = { segment_uuid: 'seg-g', mac_address: name === 'out' ? withColons(macOf(99)) : mac_address };
    if (name === 'out') await client.interfaces.create({ uuid, mode: 'promiscuous', port_name: uuid, ...inSegment });
    else await client.interfaces.create({ uuid, ...(name === 'bare' ? inSegment : leased) });
  }
  await client.interfaces.update('if-held', { enable_filtering: true });
  for (const name of [...guests.keys(), 'gw1', 'gw2', 'gw3']) await scene.settled('interface', `if-${name}`);
});
afterAll(() => scene?.[Symbol.asyncDispose]());

/** An ARP reply to everybody that says where an address is. */
function claim(mac: string, ip: string, target = ip): string {
  return `${everyone}${mac}08060001080006040002${mac}${hexOf(ip)}${everyone}${hexOf(target)}`;
}

interface Datagram {
  readonly to: { readonly mac: string; readonly ip: string };
  readonly from: { readonly mac: string; readonly ip: string };
  /** Of UDP, both in hexadecimal digits. */
  readonly ports?: string;
  readonly ttl?: string;
  readonly tag?: string;
}

const some = '13881389';
const dhcpRequest = '00440043';
const dhcpOffer = '00430044';
const all = { mac: everyone, ip: '255.255.255.255' };

let sent = 0;

function datagram({ to, from, ports = some, ttl = '40', tag = '' }: Datagram): string {
  const header = `4500002000000000${ttl}110000${hexOf(from.ip)}${hexOf(to.ip)}`;
  const mark = (++sent).toString(16).padStart(8, '0');
  const words = header.match(/..../g)!.map((word) => Number.parseInt(word, 16));
  let sum = words.reduce((total, word) => total + word, 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  const checksum = (~sum & 0xffff).toString(16).padStart(4, '0');
  return `${to.mac}${from.mac}${tag}0800${header.slice(0, 20)}${checksum}${header.slice(24)}${ports}000c0000${mark}`;
}

/** What a guest hears until a while after a frame. */
async function listen(guest: Guest, last: string): Promise<{ lines: Promise<string[]> }> {
  const limits = [0.5 * patience, mostSeconds * patience].map(String);
  const listener = guest.spawn('python3', [program, 'eth0', 'hear', last, ...limits], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  const over = once(listener, 'close');
  await new Promise<void>((resolve, reject) => {
    listener.stdout!.setEncoding('utf8').on('data', (more: string) => {
      text += more;
      resolve();
    });
    over.then(() => reject(new Error(`${guest.name} hears nothing: the program has ended`)));
  });
  return { lines: over.then(() => text.split('\n')) };
}

/** By which a frame is known again: a router changes all before it. */
const markOf = (frame: string): string => frame.slice(frame.slice(24, 28) === '0806' ? -56 : -8);
const networkOf = ({ ip }: { ip: string }): string | undefined => ip.split('.')[2];

/**
 * Who hears which of the frames that a guest sends one behind another. Everybody in its network hears the last of all, a claim
 * of its own address: whoever has not, has not listened.
 */
async function heard(sender: Name, frames: Readonly<Record<string, string>>): Promise<Record<string, string[]>> {
  const own = people[sender];
  const last = claim(own.mac, own.ip, '10.3.255.255');
  const others = (Object.keys(people) as Name[]).filter((name) => name !== sender);
  const listeners = await Promise.all(others.map((name) => listen(guests.get(name)!, last)));
  await guests.get(sender)!.exec('python3', [program, 'eth0', 'send', ...Object.values(frames), last]);
  const texts = await Promise.all(listeners.map(({ lines }) => lines));
  const hear = (frame: string): string[] =>
    others.filter((_, i) => texts[i]!.some((line) => line.endsWith(markOf(frame))));
  expect(hear(last)).toEqual(others.filter((name) => networkOf(people[name]) === networkOf(own)));
  return Object.fromEntries(Object.entries(frames).map(([what, frame]) => [what, hear(frame)]));
}

it('nobody hears a station outside that uses an address of somebody here, of a group, or a VLAN tag', async () => {
  const to = one;
  expect(
    await heard('out', {
      'a free address': claim(out.mac, out.ip),
      'a datagram': datagram({ from: out, to }),
      "a gateway's address": claim(out.mac, gateway.ip),
      "a gateway's MAC address": datagram({ from: { ...out, mac: gateway.mac }, to }),
      "a guest's address": claim(out.mac, two.ip),
      "a guest's address in IP": datagram({ from: { ...out, ip: two.ip }, to }),
      'a MAC address of a group': datagram({ from: { ...out, mac: '01005e000001' }, to }),
      'no MAC address': datagram({ from: { ...out, mac: '000000000000' }, to }),
      'no IP address': datagram({ from: { ...out, ip: '0.0.0.0' }, to }),
      'a VLAN tag': datagram({ from: out, to, tag: '8100000a' }),
      'a priority tag': datagram({ from: out, to, tag: '81000000' }),
    }),
  ).toEqual({
    'a free address': ['one', 'two', 'bare'],
    'a datagram': ['one'],
    "a gateway's address": [],
    "a gateway's MAC address": [],
    "a guest's address": [],
    "a guest's address in IP": [],
    'a MAC address of a group': [],
    'no MAC address': [],
    'no IP address': [],
    'a VLAN tag': [],
    'a priority tag': [],
  });
});

it('nobody hears a guest of the segment that claims an address, offers DHCP or sends a VLAN tag', async () => {
  expect(
    await heard('bare', {
      'a free address': claim(bare.mac, bare.ip),
      "a gateway's address": claim(bare.mac, gateway.ip),
      "a guest's address": claim(bare.mac, two.ip),
      "a guest's address in IP": datagram({ from: { ...bare, ip: two.ip }, to: one }),
      'no IP address': datagram({ from: { ...bare, ip: '0.0.0.0' }, to: one }),
      'a DHCP request to one guest': datagram({ from: { ...bare, ip: '0.0.0.0' }, to: one, ports: dhcpRequest }),
      'a DHCP offer': datagram({ from: bare, to: all, ports: dhcpOffer }),
      'a VLAN tag': datagram({ from: bare, to: { mac: everyone, ip: one.ip }, tag: '8100000a' }),
    }),
  ).toEqual({
    'a free address': ['one', 'two', 'out'],
    "a gateway's address": [],
    "a guest's address": [],
    "a guest's address in IP": [],
    'no IP address': [],
    'a DHCP request to one guest': [],
    'a DHCP offer': [],
    'a VLAN tag': [],
  });
});

it('nobody hears what a guest offers by DHCP in a network with a service; a tag never leaves by the uplink', async () => {
  expect(
    await heard('one', {
      'a datagram': datagram({ from: one, to: two }),
      'a datagram to outside': datagram({ from: one, to: out }),
      'a DHCP offer': datagram({ from: one, to: two, ports: dhcpOffer }),
      'a VLAN tag': datagram({ from: one, to: { mac: everyone, ip: '10.3.1.255' }, tag: '8100000a' }),
      'a VLAN tag to outside': datagram({ from: one, to: out, tag: '8100000a' }),
    }),
  ).toEqual({
    'a datagram': ['two'],
    'a datagram to outside': ['out'],
    'a DHCP offer': [],
    'a VLAN tag': [],
    'a VLAN tag to outside': [],
  });
});

describe('a filtered guest without rules', () => {
  it('sends DHCP requests to everybody, and to nobody else: not to a guest, not by a router', async () => {
    expect(
      await heard('held', {
        'to everybody': datagram({ from: held, to: all, ports: dhcpRequest }),
        'to one guest': datagram({ from: held, to: near, ports: dhcpRequest }),
        'by the router': datagram({ from: held, to: { ...door, ip: far.ip }, ports: dhcpRequest }),
        'another datagram': datagram({ from: held, to: near }),
      }),
    ).toEqual({ 'to everybody': ['near', 'calm'], 'to one guest': [], 'by the router': [], 'another datagram': [] });
  });

  it.each([
    ['near', near.ip, held.mac],
    ['far', far.ip, gateways.get(3)!.mac],
  ] as const)('hears no DHCP offer of %s', async (name, ip, mac) => {
    const from = { mac: people[name].mac, ip };
    const calmMac = name === 'near' ? calm.mac : mac;
    expect(
      await heard(name, {
        'to its neighbour, who is not filtered': datagram({
          from,
          to: { mac: calmMac, ip: calm.ip },
          ports: dhcpOffer,
        }),
        'to it': datagram({ from, to: { mac, ip: held.ip }, ports: dhcpOffer }),
        'to everybody': datagram({ from, to: all, ports: dhcpOffer }),
      }),
    ).toEqual({
      'to its neighbour, who is not filtered': ['calm'],
      'to it': [],
      'to everybody': name === 'near' ? ['calm'] : [],
    });
  });
});

it('a guest that floods its gateway with packets that expire starves nobody: others are routed, and told when theirs do', async () => {
  const expiring = datagram({ from: near, to: { ...door, ip: far.ip }, ttl: '01' });
  const flood = guests.get('near')!.exec('python3', [program, 'eth0', 'flood', expiring, '6', '3000']);
  const other = guests.get('calm')!;
  const expired = await other.exec('ping', ['-n', '-c', '8', '-i', '0.3', '-W', '2', '-t', '1', far.ip], {
    mayFail: true,
  });
  const routed = await other.ping(far.ip, { count: 5 });
  await flood;
  expect([expired.stdout.match(/Time to live exceeded/g)?.length, routed.received]).toEqual([8, 5]);
  // The one that floods is told as often as it may be, and no more.
  const { stdout } = await guests.get('near')!.exec('nstat', ['-az', 'IcmpInTimeExcds']);
  expect(Number(/IcmpInTimeExcds\s+(\d+)/.exec(stdout)![1])).toBeLessThan(200);
});
