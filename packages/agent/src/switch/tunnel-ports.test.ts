/** Tunnel ports in a real Open vSwitch with simulated ports. */
import { once } from 'node:events';
import { PrivateSwitch } from '@openvnet/lab';
import type { Encapsulation } from '@openvnet/model';
import { Ovsdb } from '@openvnet/ovsdb';
import pino from 'pino';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { closeBridge } from './closing.ts';
import { TunnelPorts, tunnelAt } from './tunnel-ports.ts';

const stack = new AsyncDisposableStack();
let vswitch: PrivateSwitch;
let ovsdb: Ovsdb;

beforeAll(async () => {
  vswitch = stack.use(await PrivateSwitch.start({ dummy: true }));
  ovsdb = stack.use(new Ovsdb({ target: vswitch.ovsdb }));
  ovsdb.start();
  await once(ovsdb, 'up');
});
afterAll(() => stack.disposeAsync());

beforeEach(async () => {
  await vswitch.deleteBridge('br0');
  await vswitch.addBridge({ name: 'br0' });
  while (ovsdb.bridges.get('br0')?.dpid === undefined) await once(ovsdb, 'change');
});

function tunnelPorts(wanted: Encapsulation[], bridge = 'br0'): TunnelPorts {
  return new TunnelPorts({ ovsdb, bridge, wanted: () => wanted, log: pino({ level: 'silent' }) });
}

/** What the database has, without the bridge's own port. */
async function types(): Promise<string[]> {
  const names = (await vswitch.vsctl('list-ports', 'br0')).split('\n').filter(Boolean);
  const each = names.map(async (name) => {
    const settings = await vswitch.vsctl('get', 'Interface', name, 'type', 'options:remote_ip', 'options:key');
    return `${name}: ${settings.replace(/\n/g, ' ')}`;
  });
  return Promise.all(each);
}

describe('the tunnel ports of a bridge', () => {
  it('are one for each encapsulation, made and removed as they are needed', async () => {
    const wanted: Encapsulation[] = ['geneve'];
    const tunnels = tunnelPorts(wanted);
    await tunnels.settle();
    expect(await types()).toEqual(['vn-geneve: geneve flow flow']);
    const port = ovsdb.bridges.get('br0')!.ports.get('vn-geneve')!;
    expect([tunnelAt(port), port.error, port.ofport! > 0]).toEqual(['geneve', undefined, true]);
    wanted.splice(0, 1, 'vxlan', 'gre');
    await tunnels.settle();
    expect(await types()).toEqual(['vn-gre: gre flow flow', 'vn-vxlan: vxlan flow flow']);
    await tunnels.settle();
    expect(await types()).toHaveLength(2);
    await tunnels.remove();
    expect(await types()).toEqual([]);
    expect(tunnels.problem).toBe(null);
  });

  it('are made again if another program deletes them', async () => {
    const tunnels = tunnelPorts(['geneve']);
    await tunnels.settle();
    await vswitch.deletePorts('vn-geneve');
    await expect.poll(() => ovsdb.bridges.get('br0')!.ports.has('vn-geneve')).toBe(false);
    await tunnels.settle();
    expect(await types()).toEqual(['vn-geneve: geneve flow flow']);
  });

  it('are not made where a port of another type has the name, which is said; it is tried again', async () => {
    await vswitch.addPort('br0', 'vn-geneve');
    await expect.poll(() => ovsdb.bridges.get('br0')!.ports.has('vn-geneve')).toBe(true);
    const tunnels = tunnelPorts(['geneve']);
    await tunnels.settle();
    expect(tunnels.problem).toBe('port vn-geneve of br0 is of type dummy, not geneve');
    await vswitch.deletePorts('vn-geneve');
    await expect.poll(() => tunnels.problem, { timeout: 5000 }).toBe(null);
    expect(await types()).toEqual(['vn-geneve: geneve flow flow']);
    tunnels.close();
  });

  it('are made again if somebody has made one that leads to one host', async () => {
    await vswitch.vsctl(
      ...['add-port', 'br0', 'vn-geneve'],
      ...['--', 'set', 'interface', 'vn-geneve', 'type=geneve', 'options:remote_ip=192.0.2.1'],
    );
    await expect.poll(() => ovsdb.bridges.get('br0')!.ports.get('vn-geneve')?.type).toBe('geneve');
    await tunnelPorts(['geneve']).settle();
    expect(await types()).toEqual(['vn-geneve: geneve flow flow']);
  });

  it('are on one bridge of a host; the other is told which', async () => {
    await vswitch.addBridge({ name: 'br1' });
    await expect.poll(() => ovsdb.bridges.get('br1')?.dpid).toBeDefined();
    const [one, two] = [tunnelPorts(['geneve']), tunnelPorts(['geneve'], 'br1')];
    await one.settle();
    await two.settle();
    expect([one.problem, two.problem]).toEqual([
      null,
      'port vn-geneve is on br0, and a host has one such port: guests on br1 do not reach other hosts. Move their ports to br0',
    ]);
    await one.remove();
    await expect.poll(() => two.problem, { timeout: 5000 }).toBe(null);
    two.close();
    await vswitch.deleteBridge('br1');
  });

  it('are removed from a bridge that nobody serves any more, when it is closed', async () => {
    const tunnels = tunnelPorts(['geneve']);
    await tunnels.settle();
    tunnels.close();
    await closeBridge(ovsdb, ovsdb.bridges.get('br0')!, { target: vswitch.ovsdb, connection: undefined });
    expect(await types()).toEqual([]);
  });
});
