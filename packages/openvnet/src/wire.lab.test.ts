/**
 * A physical network at which two of three hosts have an uplink. The learning bridge between them, which is the station outside as
 * well, tells at which of its ports it hears each MAC address.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Guest, LabHosts, patience } from '@openvnet/lab';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const gateway = { mac: '52:54:00:77:00:fe', ip: '192.0.2.254' };
const station = '192.0.2.9';
/** By host: guests of the inner network, and of the physical one. */
const inner = { h1: '10.0.1.1', h2: '10.0.1.2', h3: '10.0.1.3' } as const;
const outer = { h1: '192.0.2.11', h2: '192.0.2.12', h3: '192.0.2.13' } as const;
type Host = keyof typeof inner;
const hosts = Object.keys(inner) as Host[];

let net: LabHosts;
const at = {} as Record<`${'in' | 'out'}-${Host}`, Guest>;
let monitor: ChildProcess;
let learned = '';

async function register(): Promise<void> {
  await net.api('POST', '/networks', { uuid: 'nw-in', ipv4_network: '10.0.1.0' });
  await net.api('POST', '/networks', { uuid: 'nw-wan', ipv4_network: '192.0.2.0', network_mode: 'physical' });
  for (const host of hosts)
    for (const [kind, network_uuid, ipv4_address] of [
      ['in', 'nw-in', inner[host]],
      ['out', 'nw-wan', outer[host]],
    ] as const) {
      const mac_address = macOf(kind, host);
      await net.api('POST', '/interfaces', { uuid: `if-${kind}-${host}`, network_uuid, ipv4_address, mac_address });
    }
  for (const host of ['h2', 'h3'])
    await net.api('POST', '/interfaces', {
      uuid: `if-up-${host}`,
      mode: 'host',
      port_name: 'eth1',
      owner_datapath_uuid: `dp-${host}`,
      network_uuid: 'nw-wan',
      ipv4_address: `192.0.2.${host.slice(1)}`,
      mac_address: `52:54:00:77:00:0${host.slice(1)}`,
    });
  const gateways = [
    { uuid: 'if-gw-in', network_uuid: 'nw-in', ipv4_address: '10.0.1.254', mac_address: '52:54:00:01:00:fe' },
    { uuid: 'if-gw-wan', network_uuid: 'nw-wan', ipv4_address: gateway.ip, mac_address: gateway.mac },
  ];
  await net.api('POST', '/route_links', { uuid: 'rl-1' });
  for (const one of gateways) {
    await net.api('POST', '/interfaces', { mode: 'simulated', ...one });
    const ipv4_network = one.ipv4_address.replace('254', '0');
    await net.api('POST', '/routes', { interface_uuid: one.uuid, route_link_uuid: 'rl-1', ipv4_network });
  }
}

function macOf(kind: 'in' | 'out', host: Host): string {
  return `52:54:00:${kind === 'in' ? '01' : '77'}:01:0${host.slice(1)}`;
}

/** Something that the bridge of the wire does. */
function onWire(command: string, ...args: string[]) {
  return net
    .host('h1')
    .exec('ip', ['netns', 'exec', net.underlay('wan').namespace, command, ...args], { mayFail: true });
}

async function stationReaches(ip: string): Promise<number> {
  const { stdout } = await onWire('ping', '-c3', '-i0.05', '-W1', ip);
  return Number(/(\d+) received/.exec(stdout)?.[1]);
}

/** The ports at which the bridge has heard a MAC address, in the order in which it has learned them. */
function portsOf(mac: string): string[] {
  const heard = learned.split('\n').filter((line) => line.startsWith(mac) && line.includes('master underlay'));
  return heard.map((line) => / dev (\S+)/.exec(line)![1]!);
}

beforeAll(async () => {
  net = await LabHosts.start({ hosts: 3, uplinks: { h2: { eth1: 'wan' }, h3: { eth1: 'wan' } } });
  const { namespace } = net.underlay('wan');
  await onWire('ip', 'address', 'add', `${station}/24`, 'dev', 'underlay');
  await onWire('ip', 'route', 'add', '10.0.0.0/8', 'via', gateway.ip);
  monitor = spawn('ip', ['netns', 'exec', namespace, 'bridge', 'monitor', 'fdb']);
  monitor.stdout!.setEncoding('utf8').on('data', (text: string) => {
    learned += text;
  });
  await register();
  for (const host of hosts) {
    for (const [kind, ip, via] of [
      ['in', inner[host], '10.0.1.254'],
      ['out', outer[host], gateway.ip],
    ] as const) {
      const routes = [{ to: 'default', via }];
      const options = { name: `${kind}-${host}`, mac: macOf(kind, host), addresses: [`${ip}/24`], routes };
      at[`${kind}-${host}`] = await net.guest(host, options);
    }
  }
  await sleep(1000 * patience);
  await net.settled();
}, 180_000 * patience);

afterAll(async () => {
  monitor?.kill();
  await net?.[Symbol.asyncDispose]();
});

describe('a wire at which two hosts have an uplink', { timeout: 120_000 * patience }, () => {
  it('joins the station and the guests of all hosts, both ways, switched and routed', async () => {
    const reached: [string, number][] = [];
    const wanted: [string, number][] = [];
    const note = (what: string, received: number): void => {
      reached.push([what, received]);
      wanted.push([what, 3]);
    };
    for (const host of hosts) {
      note(`${host}: routed out`, (await at[`in-${host}`].ping(station, { count: 3, intervalMs: 50 })).received);
      note(`${host}: routed in`, await stationReaches(inner[host]));
      note(`${host}: out`, (await at[`out-${host}`].ping(station, { count: 3, intervalMs: 50 })).received);
      note(`${host}: in`, await stationReaches(outer[host]));
      for (const other of hosts.filter((one) => one !== host)) {
        const pinged = async (from: Guest, ip: string) => (await from.ping(ip, { count: 3, intervalMs: 50 })).received;
        note(`${host} to ${other}`, await pinged(at[`out-${host}`], outer[other]));
        note(`${host} to ${other}, routed`, await pinged(at[`in-${host}`], outer[other]));
      }
    }
    note('the gateway', await stationReaches(gateway.ip));
    expect(reached).toEqual(wanted);
  });

  it('has each MAC address at one place', async () => {
    expect(portsOf(gateway.mac)).toHaveLength(1);
    const [first, other] = [portsOf(gateway.mac), portsOf(macOf('out', 'h3'))];
    // The gateway is where the first host with an uplink is, and so is a guest on a host without one.
    expect(portsOf(macOf('out', 'h1'))).toEqual(first);
    expect(portsOf(macOf('out', 'h2'))).toEqual(first);
    expect(other).toHaveLength(1);
    expect(other).not.toEqual(first);
  });

  it('answers a question once', async () => {
    for (const ip of [gateway.ip, ...Object.values(outer)]) {
      const capture = await net
        .underlay('wan')
        .capture({ filter: `arp[6:2] = 2 and arp src host ${ip} and arp dst host ${station}` });
      await onWire('ip', 'neighbour', 'flush', 'dev', 'underlay');
      await stationReaches(ip);
      expect([ip, (await capture.stop()).length]).toEqual([ip, 1]);
    }
  });

  it('says that nobody has an address', async () => {
    for (const host of hosts) {
      const { stdout } = await at[`in-${host}`].exec('ping', ['-c1', '-W4', '192.0.2.99'], { mayFail: true });
      expect(stdout).toContain('From 10.0.1.254 icmp_seq=1 Destination Host Unreachable');
    }
  });
});
