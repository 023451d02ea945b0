/** The three experiments with their guests on three hosts, and what happens when programs end and links are cut. */
import { execFileSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Guest, LabHosts, patience } from '@openvnet/lab';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

/** Which host each guest is on: each network and each pair of networks crosses hosts, with and without a router between them. */
const guests = {
  ns1: { host: 'h1', network: 'nw-net1', ip: '172.16.1.1', via: '172.16.1.254' },
  ns2: { host: 'h2', network: 'nw-net1', ip: '172.16.1.2', via: '172.16.1.254' },
  ns3: { host: 'h2', network: 'nw-net2', ip: '172.16.2.3', via: '172.16.2.254' },
  ns4: { host: 'h3', network: 'nw-net2', ip: '172.16.2.4', via: '172.16.2.254' },
  ns5: { host: 'h1', network: 'nw-net3', ip: '172.16.1.1', via: '172.16.1.254' },
  ns6: { host: 'h3', network: 'nw-net3', ip: '172.16.1.2', via: '172.16.1.254' },
} as const;
type Name = keyof typeof guests;
const names = Object.keys(guests) as Name[];

let net: LabHosts;
const at = {} as Record<Name, Guest>;

function macOf(name: Name): string {
  return `52:54:00:0d:84:0${name.slice(2)}`;
}

async function register(): Promise<void> {
  for (const n of [1, 2, 3])
    await net.api('POST', '/networks', { uuid: `nw-net${n}`, ipv4_network: `172.16.${n === 2 ? 2 : 1}.0` });
  for (const name of names) {
    const { network, ip } = guests[name];
    const form = { uuid: `if-${name}`, network_uuid: network, ipv4_address: ip, mac_address: macOf(name) };
    await net.api('POST', '/interfaces', form);
  }
  await net.api('POST', '/route_links', { uuid: 'rl-1' });
  for (const n of [1, 2]) {
    const gateway = {
      uuid: `if-gw${n}`,
      mode: 'simulated',
      network_uuid: `nw-net${n}`,
      ipv4_address: `172.16.${n}.254`,
    };
    await net.api('POST', '/interfaces', gateway);
    const route = { interface_uuid: `if-gw${n}`, route_link_uuid: 'rl-1', ipv4_network: `172.16.${n}.0` };
    await net.api('POST', '/routes', route);
  }
}

/** The datapaths on which the guests are. */
async function places(): Promise<string[]> {
  const all = names.map((name) => net.api('GET', `/interfaces/if-${name}/active_interfaces`));
  return (await Promise.all(all)).map(({ items }) =>
    items.map(({ datapath_uuid }: { datapath_uuid: string }) => datapath_uuid).join(),
  );
}

/** Waits until every guest has been found on its host. */
async function placed(): Promise<void> {
  const wanted = names.map((name) => `dp-${guests[name].host}`);
  const deadline = Date.now() + 20_000 * patience;
  while (`${await places()}` !== `${wanted}`) {
    if (Date.now() > deadline) throw new Error(`guests are on ${await places()}, not on ${wanted}`);
    await sleep(50);
  }
  await net.settled();
}

async function received(from: Name, to: string, count = 3): Promise<number> {
  return (await at[from].ping(to, { count, intervalMs: 20 })).received;
}

beforeAll(async () => {
  net = await LabHosts.start({ hosts: 3, underlays: 2 });
  // Some ports are there before they are registered, others after.
  const plug = async (name: Name): Promise<void> => {
    const { host, ip, via } = guests[name];
    const routes = [{ to: '172.16.0.0/16', via }];
    at[name] = await net.guest(host, { name, mac: macOf(name), addresses: [`${ip}/24`], routes });
  };
  for (const name of ['ns1', 'ns4', 'ns6'] as const) await plug(name);
  await register();
  for (const name of ['ns2', 'ns3', 'ns5'] as const) await plug(name);
  await placed();
  // The first packet between two hosts may come before Open vSwitch has been told the MAC address of the other.
  for (const [from, to] of [
    ['ns1', '172.16.1.2'],
    ['ns4', '172.16.1.2'],
    ['ns4', '172.16.1.1'],
  ] as const)
    for (let tries = 0; tries < 20 && (await received(from, to, 1)) === 0; tries++) await sleep(100 * patience);
}, 120_000 * patience);

afterAll(() => net[Symbol.asyncDispose]());

describe('the experiments over three hosts', { timeout: 60_000 * patience }, () => {
  it('one network: its guests reach each other from host to host', async () => {
    expect(await received('ns1', '172.16.1.2')).toBe(3);
    expect(await received('ns2', '172.16.1.1')).toBe(3);
  });

  it('two networks with the same addresses: each guest reaches its own, and nothing is seen elsewhere', async () => {
    const captures = await Promise.all((['ns1', 'ns2', 'ns3', 'ns4'] as const).map((name) => at[name].capture()));
    expect(await received('ns5', '172.16.1.2', 10)).toBe(10);
    const seen = await Promise.all(captures.map((capture) => capture.stop()));
    expect(seen.flat()).toEqual([]);
    const underlay = await net.underlay('rack1').capture({ filter: 'udp port 6081' });
    expect(await received('ns5', '172.16.1.2', 5)).toBe(5);
    const keys = new Set((await underlay.stop()).map((line) => /vni (0x[0-9a-f]+|\d+)/.exec(line)?.[1]));
    expect(keys).toHaveLength(1);
  });

  it('a router: guests of two networks reach each other over it, and its gateways answer on every host', async () => {
    for (const [from, to] of [
      ['ns1', '172.16.2.3'],
      ['ns1', '172.16.2.4'],
      ['ns4', '172.16.1.1'],
      ['ns4', '172.16.1.2'],
      ['ns2', '172.16.2.3'],
      ['ns1', '172.16.1.254'],
      ['ns4', '172.16.2.254'],
      ['ns4', '172.16.1.254'],
    ] as const)
      expect([from, to, await received(from, to)]).toEqual([from, to, 3]);
    // No router leads to the third network.
    expect(await received('ns5', '172.16.2.3', 2)).toBe(0);
  });

  it('ARP requests for known addresses cross no tunnel', async () => {
    await at.ns1.forgetNeighbours();
    const underlay = await net.underlay('rack1').capture({ filter: 'udp port 6081' });
    expect(await received('ns1', '172.16.1.2', 1)).toBe(1);
    const lines = await underlay.stop();
    expect(lines.filter((line) => /ARP/.test(line))).toEqual([]);
    expect(lines.length).toBeGreaterThan(0);
  });
});

describe('guests on several hosts', { timeout: 120_000 * patience }, () => {
  /** Pings by which every host sends and receives, while something happens. */
  async function lostDuring(happens: () => Promise<void>): Promise<number[]> {
    const count = 400;
    const pings = [
      at.ns1.ping('172.16.1.2', { count, intervalMs: 10, timeoutMs: 2000 }),
      at.ns4.ping('172.16.1.1', { count, intervalMs: 10, timeoutMs: 2000 }),
      at.ns6.ping('172.16.1.1', { count, intervalMs: 10, timeoutMs: 2000 }),
    ];
    await sleep(500);
    await happens();
    return (await Promise.all(pings)).map(({ sent, received: got }) => sent - got);
  }

  it('lose no packet when any agent, or the manager, is killed and started again', async () => {
    const lost = await lostDuring(async () => {
      for (const host of ['h1', 'h2', 'h3']) {
        await net.host(host).agent.kill9();
        await net.startAgent(host);
      }
      await net.manager.kill9();
      await net.startManager();
    });
    expect(lost).toEqual([0, 0, 0]);
    await placed();
  });

  it('go on while the manager is cut off, and so does a host that is restarted meanwhile', async () => {
    await net.cut('manager');
    try {
      await net.host('h2').agent.kill9();
      await net.startAgent('h2').catch(() => {});
      expect(await received('ns1', '172.16.1.2', 20)).toBe(20);
      expect(await received('ns4', '172.16.1.2', 20)).toBe(20);
    } finally {
      await net.join('manager');
    }
    await placed();
  });

  it('are found where their port goes', async () => {
    await net.move(at.ns2, 'h3');
    const { items } = await net.api('GET', '/interfaces/if-ns2/active_interfaces');
    expect(items).toMatchObject([{ datapath_uuid: 'dp-h3', standby: false }]);
    await net.settled();
    expect(await received('ns1', '172.16.1.2')).toBe(3);
    expect(await received('ns4', '172.16.1.2')).toBe(3);
    await net.move(at.ns2, 'h2');
    await placed();
    expect(await received('ns1', '172.16.1.2')).toBe(3);
  });

  it('that are removed are reached by nobody, and leave the flows of a fresh start', async () => {
    const flowsOf = async (host: string): Promise<string> => {
      const { stdout } = await net
        .host(host)
        .exec('ovs-ofctl', ['-O', 'OpenFlow13', '--no-stats', '--sort', 'dump-flows', 'br0']);
      return stdout;
    };
    const before = await Promise.all(['h1', 'h2', 'h3'].map(flowsOf));
    const form = {
      uuid: 'if-x',
      network_uuid: 'nw-net1',
      ipv4_address: '172.16.1.9',
      mac_address: '52:54:00:0d:84:09',
    };
    await net.api('POST', '/interfaces', form);
    const guest = await net.guest('h3', { name: 'x', mac: form.mac_address, addresses: ['172.16.1.9/24'] });
    await expect.poll(() => received('ns1', '172.16.1.9', 1), { timeout: 20_000 * patience }).toBe(1);
    await net.api('DELETE', '/interfaces/if-x');
    await net.host('h3').vswitch.deletePorts(guest.port);
    await net.settled();
    expect(await received('ns1', '172.16.1.9', 2)).toBe(0);
    await expect
      .poll(() => Promise.all(['h1', 'h2', 'h3'].map(flowsOf)), { timeout: 10_000 * patience })
      .toEqual(before);
  });
});

describe('the underlay', { timeout: 60_000 * patience }, () => {
  it('delivers nothing to guests that no registered host sends', async () => {
    const [h1, manager] = [net.host('h1').addresses[0]!, net.plan.manager!.underlays.rack1![0]!];
    const capture = await at.ns1.capture({ filter: 'udp port 7777' });
    // From the manager's address, which is no host's; a Geneve header with every network's key, and plain frames.
    const script = `
      import socket, struct
      def frame(dst, src):
        ip = bytes([0x45,0,0,28,0,0,0,0,64,17,0,0]) + socket.inet_aton('172.16.1.2') + socket.inet_aton('172.16.1.1')
        return bytes.fromhex(dst) + bytes.fromhex(src) + b'\\x08\\x00' + ip + struct.pack('!HHHH', 7777, 7777, 8, 0)
      s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
      s.bind(('${manager}', 0))
      for key in range(1, 64):
        head = bytes([0, 0]) + b'\\x65\\x58' + struct.pack('!I', key << 8)
        for port in (6081, 4789):
          vxlan = struct.pack('!II', 0x08000000, key << 8)
          s.sendto((head if port == 6081 else vxlan) + frame('5254000d8401', '5254000d8402'), ('${h1}', port))
    `.replaceAll('\n      ', '\n');
    execFileSync('python3', ['-c', script]);
    await sleep(500);
    expect(await capture.stop()).toEqual([]);
    const { stdout } = await net.host('h1').exec('ovs-ofctl', ['-O', 'OpenFlow13', 'dump-flows', 'br0', 'table=1']);
    // The last flow of the table drops what no other host has sent.
    const dropped = stdout.split('\n').find((line) => line.includes('priority=0'));
    expect(Number(/n_packets=(\d+)/.exec(dropped ?? '')?.[1])).toBeGreaterThan(0);
  });
});
