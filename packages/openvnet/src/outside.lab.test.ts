import { tableNames } from '@openvnet/compiler';
import { Guest } from '@openvnet/lab';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Scene, startScene } from './testing-filters.ts';

const neighbourTable = tableNames.indexOf('neighbour');
let scene: Scene;

beforeAll(async () => {
  scene = await startScene();
});
afterAll(() => scene?.[Symbol.asyncDispose]());

function mac(number: number): string {
  return `52:54:00:00:00:${number.toString(16).padStart(2, '0')}`;
}

/** A namespace at a port of the bridge, with addresses that it gives itself. */
function station(name: string, number: number, addresses: string[], via?: string): Promise<Guest> {
  const routes = via === undefined ? [] : [{ to: 'default', via }];
  return scene.lab.namespace({ name, bridge: 'br0', port: `if-${name}`, mac: mac(number), addresses, routes });
}

describe('a segment', () => {
  let [one, two, other]: Guest[] = [];

  beforeAll(async () => {
    const { client } = scene;
    for (const uuid of ['seg-1', 'seg-2']) await client.segments.create({ uuid, mode: 'virtual' });
    [one, two, other] = [
      await station('s1', 1, ['192.168.7.1/24']),
      await station('s2', 2, ['192.168.7.2/24']),
      await station('s3', 3, ['192.168.7.2/24']),
    ];
    for (const [name, number, segment_uuid] of [
      ['s1', 1, 'seg-1'],
      ['s2', 2, 'seg-1'],
      ['s3', 3, 'seg-2'],
    ] as const)
      await client.interfaces.create({ uuid: `if-${name}`, segment_uuid, mac_address: mac(number) });
    for (const name of ['s1', 's2', 's3']) await scene.settled('interface', `if-${name}`);
  });

  it('joins guests that have no address in the model, with IPv4 and with IPv6', async () => {
    expect(await one!.ping('192.168.7.2')).toMatchObject({ received: 3 });
    for (const [guest, address] of [
      [one, 'fd00:7::1/64'],
      [two, 'fd00:7::2/64'],
    ] as const) {
      await guest!.exec('sysctl', ['-qw', 'net.ipv6.conf.eth0.disable_ipv6=0']);
      await guest!.exec('ip', ['addr', 'add', address, 'dev', 'eth0', 'nodad']);
    }
    expect(await one!.ping('fd00:7::2')).toMatchObject({ received: 3 });
  });

  it('is apart from others, and takes nothing from a MAC address that is not leased', async () => {
    expect(await other!.ping('192.168.7.1', { count: 1 })).toMatchObject({ received: 0 });
    await two!.exec('ip', ['link', 'set', 'eth0', 'address', '02:00:00:00:00:99']);
    expect(await two!.ping('192.168.7.1', { count: 1 })).toMatchObject({ received: 0 });
    await two!.exec('ip', ['link', 'set', 'eth0', 'address', mac(2)]);
    expect(await two!.ping('192.168.7.1', { count: 1 })).toMatchObject({ received: 1 });
  });

  it('goes on behind promiscuous ports, each station behind the one where it was heard', async () => {
    const { client } = scene;
    const left = await station('left', 21, ['192.168.7.21/24']);
    await station('right', 22, ['192.168.7.22/24']);
    for (const name of ['left', 'right']) {
      await client.interfaces.create({ uuid: `if-${name}`, mode: 'promiscuous', port_name: `if-${name}` });
      await scene.api('PUT', `interfaces/if-${name}/segments/seg-1`, { static: true });
      await scene.settled('interface', `if-${name}`);
    }
    expect(await one!.ping('192.168.7.21')).toMatchObject({ received: 3 });
    expect(await left!.ping('192.168.7.22')).toMatchObject({ received: 3 });
    const overheard = await left!.capture({ filter: 'icmp' });
    expect(await one!.ping('192.168.7.22')).toMatchObject({ received: 3 });
    expect(await overheard.stop()).toEqual([]);
    // What was not registered may have any address, and move.
    await left!.exec('ip', ['link', 'set', 'eth0', 'address', '02:00:00:00:00:77']);
    expect(await left!.ping('192.168.7.1')).toMatchObject({ received: 3 });
  });
});

/** Runs `ip` where the bridge's own port is a device: in the host. */
async function ip(...args: string[]): Promise<string> {
  const host = new Guest({ name: 'host', namespace: scene.vswitch.namespace!, device: 'br0', port: 'br0' });
  return (await host.exec('ip', args)).stdout;
}

async function hostMac(): Promise<string> {
  return (JSON.parse(await ip('-j', 'link', 'show', 'br0')) as [{ address: string }])[0].address;
}

function neighbours(): Promise<string> {
  return scene.vswitch.ofctl('--no-stats', '--sort', 'dump-flows', 'br0', `table=${neighbourTable}`);
}

describe('an internal interface', () => {
  it('gives the host an address in a virtual network, and takes it back', async () => {
    const { client } = scene;
    await client.networks.create({ uuid: 'nw-int', mode: 'internal', ipv4_network: '10.0.40.0', ipv4_prefix: 24 });
    const guest = await scene.guest('n1', { network: 'nw-int', address: '10.0.40.11', via: '10.0.40.5', number: 61 });
    await client.interfaces.create({
      uuid: 'if-int',
      mode: 'internal',
      network_uuid: 'nw-int',
      ipv4_address: '10.0.40.5',
      mac_address: await hostMac(),
    });
    await ip('addr', 'add', '10.0.40.5/24', 'dev', 'br0');
    await ip('link', 'set', 'br0', 'up');
    await scene.settled('interface', 'if-int');
    expect(await guest.ping('10.0.40.5')).toMatchObject({ received: 3 });
    await client.interfaces.remove('if-int');
    await ip('addr', 'del', '10.0.40.5/24', 'dev', 'br0');
    await scene.settled('interface', 'if-n1');
    expect(await guest.ping('10.0.40.5', { count: 1 })).toMatchObject({ received: 0 });
  });
});

describe('a patch port', () => {
  it('leads to another bridge, and routed packets to who is there, who is asked for', async () => {
    const { client, vswitch } = scene;
    await vswitch.addBridge({ name: 'br1', failMode: 'standalone' });
    const far = await scene.lab.namespace({
      name: 'far',
      bridge: 'br1',
      port: 'far0',
      mac: mac(71),
      addresses: ['10.0.50.9/24'],
      routes: [{ to: 'default', via: '10.0.50.254' }],
    });
    await vswitch.addPort('br1', 'to-br0', { type: 'patch', options: { peer: 'to-br1' } });
    await vswitch.addPort('br0', 'to-br1', { type: 'patch', options: { peer: 'to-br0' } });
    await client.networks.create({ uuid: 'nw-far', mode: 'virtual', ipv4_network: '10.0.50.0', ipv4_prefix: 24 });
    await client.networks.create({ uuid: 'nw-near', mode: 'virtual', ipv4_network: '10.0.60.0', ipv4_prefix: 24 });
    const guest = await scene.guest('q1', {
      network: 'nw-near',
      address: '10.0.60.11',
      via: '10.0.60.254',
      number: 72,
    });
    for (const [uuid, mode, port_name, network_uuid, ipv4_address, number] of [
      ['if-patch', 'patch', 'to-br1', 'nw-far', '10.0.50.254', 73],
      ['if-near', 'simulated', undefined, 'nw-near', '10.0.60.254', 74],
    ] as const)
      await client.interfaces.create({
        uuid,
        mode,
        ...(port_name && { port_name }),
        network_uuid,
        ipv4_address,
        mac_address: mac(number),
      });
    await client.route_links.create({ uuid: 'rl-far' });
    for (const [interface_uuid, ipv4_network] of [
      ['if-patch', '10.0.50.0'],
      ['if-near', '10.0.60.0'],
    ] as const)
      await client.routes.create({ interface_uuid, route_link_uuid: 'rl-far', ipv4_network, ipv4_prefix: 24 });
    await scene.settled('interface', 'if-patch');
    expect(await guest.ping('10.0.50.9')).toMatchObject({ received: 3 });
    expect(await far.ping('10.0.60.11')).toMatchObject({ received: 3 });
    expect(await far.ping('10.0.50.254')).toMatchObject({ received: 3 });
    expect(await guest.ping('10.0.50.254')).toMatchObject({ received: 3 });
  });
});

describe('a physical network', () => {
  let [outside, guest, inside]: Guest[] = [];

  /** Network 10.0.10.0/24 is that of the hosts; 10.0.20.0/24 is virtual, and routed there. Beyond 10.0.10.1 is 198.51.100.0/24. */
  beforeAll(async () => {
    const { client } = scene;
    await client.networks.create({ uuid: 'nw-wire', mode: 'physical', ipv4_network: '10.0.10.0', ipv4_prefix: 24 });
    await client.networks.create({ uuid: 'nw-v', mode: 'virtual', ipv4_network: '10.0.20.0', ipv4_prefix: 24 });
    // The wire: a bridge of its own in a namespace would do as well; here the stations of the wire are behind one port.
    outside = await station('wire', 31, ['10.0.10.99/24'], '10.0.10.254');
    await outside.exec('ip', ['addr', 'add', '10.0.10.1/24', 'dev', 'eth0']);
    await outside.exec('ip', ['addr', 'add', '198.51.100.1/32', 'dev', 'lo']);
    await outside.exec('ip', ['link', 'set', 'lo', 'up']);
    guest = await scene.guest('p1', { network: 'nw-wire', address: '10.0.10.11', via: '10.0.10.254', number: 41 });
    inside = await scene.guest('v1', { network: 'nw-v', address: '10.0.20.11', via: '10.0.20.254', number: 42 });
    await client.interfaces.create({
      uuid: 'if-host',
      mode: 'host',
      port_name: 'if-wire',
      network_uuid: 'nw-wire',
      ipv4_address: '10.0.10.5',
      mac_address: await hostMac(),
    });
    for (const [uuid, network_uuid, ipv4_address, number] of [
      ['if-gww', 'nw-wire', '10.0.10.254', 51],
      ['if-gwv', 'nw-v', '10.0.20.254', 52],
    ] as const)
      await client.interfaces.create({ uuid, mode: 'simulated', network_uuid, ipv4_address, mac_address: mac(number) });
    await client.route_links.create({ uuid: 'rl-1' });
    await client.routes.create({
      uuid: 'r-out',
      interface_uuid: 'if-gww',
      route_link_uuid: 'rl-1',
      ipv4_network: '0.0.0.0',
      ipv4_prefix: 0,
    });
    await client.routes.create({
      uuid: 'r-v',
      interface_uuid: 'if-gwv',
      route_link_uuid: 'rl-1',
      ipv4_network: '10.0.20.0',
      ipv4_prefix: 24,
    });
    await ip('addr', 'add', '10.0.10.5/24', 'dev', 'br0');
    await ip('link', 'set', 'br0', 'up');
    await scene.settled('interface', 'if-host');
  });

  it('joins the host, its guests and those outside', async () => {
    expect(await guest!.ping('10.0.10.99')).toMatchObject({ received: 3 });
    expect(await outside!.ping('10.0.10.11')).toMatchObject({ received: 3 });
    expect(await outside!.ping('10.0.10.5')).toMatchObject({ received: 3 });
    expect(await guest!.ping('10.0.10.5')).toMatchObject({ received: 3 });
    expect(await outside!.ping('10.0.10.254')).toMatchObject({ received: 3 });
  });

  it('is routed to and from virtual networks: the first packet for a station outside is not lost', async () => {
    const { sent, received, rtts } = await inside!.ping('10.0.10.99', { count: 5 });
    expect([sent, received]).toEqual([5, 5]);
    expect(rtts[0]).toBeLessThan(1000);
    expect(await outside!.ping('10.0.20.11')).toMatchObject({ received: 3 });
    expect(await inside!.ping('10.0.10.11')).toMatchObject({ received: 3 });
  });

  it('leads beyond itself by its first address, and by another next hop where a route says so', async () => {
    expect(await inside!.ping('198.51.100.1')).toMatchObject({ received: 3 });
    await scene.client.routes.create({
      uuid: 'r-beyond',
      interface_uuid: 'if-gww',
      route_link_uuid: 'rl-1',
      ipv4_network: '203.0.113.0',
      ipv4_prefix: 24,
      next_hop_ipv4_address: '10.0.10.99',
    });
    await outside!.exec('ip', ['addr', 'add', '203.0.113.1/32', 'dev', 'lo']);
    await scene.settled('route', 'r-beyond');
    expect(await inside!.ping('203.0.113.1')).toMatchObject({ received: 3 });
  });

  it('tells the sender when nobody has an address', async () => {
    const { output } = await inside!.ping('10.0.10.77', { count: 1, timeoutMs: 4000 });
    expect(output).toContain('From 10.0.20.254');
    expect(output).toContain('Host Unreachable');
  });

  it('goes on with what was learned when the agent is started anew, and follows a station to another MAC address', async () => {
    const known = await neighbours();
    expect(known).toContain('=0xa000a63');
    await scene.restartAgent();
    expect(await neighbours()).toEqual(known);
    await outside!.exec('ip', ['link', 'set', 'eth0', 'address', '02:00:00:00:00:31']);
    await outside!.exec('ip', ['route', 'replace', 'default', 'via', '10.0.10.254']);
    await outside!.ping('10.0.10.254', { count: 1 });
    expect((await inside!.ping('10.0.10.99', { count: 5 })).received).toBeGreaterThanOrEqual(4);
  });
});
