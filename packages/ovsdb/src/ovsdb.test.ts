import { PrivateSwitch } from '@openvnet/lab';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { Ovsdb, OvsdbError } from './index.ts';
import type { OvsdbOptions } from './ovsdb.ts';

/** A switch, with the bridge `br0` where that is to have ports. */
async function privateSwitch(...ports: readonly string[]): Promise<PrivateSwitch> {
  const vswitch = await PrivateSwitch.start({ dummy: true });
  onTestFinished(() => vswitch[Symbol.asyncDispose]());
  if (ports.length > 0) await vswitch.addBridge({ name: 'br0' });
  for (const port of ports) await addPort(vswitch, port);
  return vswitch;
}

function addPort(vswitch: PrivateSwitch, name: string): Promise<void> {
  return vswitch.addPort('br0', name, { externalIds: { 'iface-id': `id-${name}` } });
}

/** A started client, and all that it has told so far, in short. */
function client(target: string, options: Omit<OvsdbOptions, 'target'> = {}): { ovsdb: Ovsdb; told: string[] } {
  const ovsdb = new Ovsdb({ target, ...options });
  onTestFinished(() => ovsdb[Symbol.asyncDispose]());
  const told: string[] = [];
  ovsdb.on('up', () => told.push('up'));
  ovsdb.on('down', () => told.push('down'));
  ovsdb.on('bridge', (name, state) => told.push(state ? `bridge ${name}` : `bridge ${name} gone`));
  ovsdb.on('port', (bridge, name, state) => told.push(`port ${bridge} ${name} ${state ? state.ofport : 'gone'}`));
  ovsdb.on('change', () => told.push('change'));
  ovsdb.start();
  return { ovsdb, told };
}

const soon = <T>(look: () => T) => vi.waitFor(look, { timeout: 8000, interval: 5 });
const connected = (ovsdb: Ovsdb) => soon(() => expect(ovsdb.connected).toBe(true));

describe('Ovsdb and a real switch', { timeout: 20_000 }, () => {
  it('reads what is there before it says that it is up', async () => {
    const vswitch = await privateSwitch('p1');
    await vswitch.vsctl('--no-wait', 'set', 'Open_vSwitch', '.', 'ovs_version=3.1.0');
    const { ovsdb, told } = client(vswitch.ovsdb);
    await connected(ovsdb);
    expect(told.at(-1)).toBe('up');
    expect(told.toSorted()).toEqual(['bridge br0', 'change', 'port br0 br0 65534', 'port br0 p1 1', 'up']);
    expect(ovsdb.reason).toBeUndefined();
    expect(ovsdb.ovsVersion).toBe('3.1.0');
    const bridge = ovsdb.bridges.get('br0')!;
    const dpid = JSON.parse(await vswitch.vsctl('get', 'Bridge', 'br0', 'datapath_id'));
    expect(bridge).toMatchObject({ name: 'br0', datapathType: 'dummy', dpid: BigInt(`0x${dpid}`), controllers: [] });
    expect(bridge.ports.get('p1')).toMatchObject({ type: 'dummy', ifaceId: 'id-p1', ofport: 1, error: undefined });
    expect(bridge.ports.get('p1')?.mac).toMatch(/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/);
  });

  it('follows bridges and ports as they come, change and go', async () => {
    const vswitch = await privateSwitch();
    const { ovsdb, told } = client(vswitch.ovsdb);
    await connected(ovsdb);
    await vswitch.addBridge({ name: 'br0' });
    // The row comes first, the number once the switch daemon has assigned it.
    await vswitch.stop('ovs-vswitchd');
    await vswitch.vsctl('--no-wait', 'add-port', 'br0', 'p1', '--', 'set', 'Interface', 'p1', 'type=dummy');
    await soon(() => expect(told.slice(-2)).toEqual(['port br0 p1 undefined', 'change']));
    await vswitch.restart('ovs-vswitchd');
    const port = () => ovsdb.bridges.get('br0')?.ports.get('p1');
    await soon(() => expect(port()?.ofport).toBe(1));
    await vswitch.vsctl('set', 'Interface', 'p1', 'external_ids:iface-id=other');
    await soon(() => expect(port()?.ifaceId).toBe('other'));
    await vswitch.vsctl('set', 'Bridge', 'br0', 'external_ids:a=b', '--', 'set-controller', 'br0', 'tcp:127.0.0.1:1');
    await soon(() => expect(ovsdb.bridges.get('br0')?.controllers).toEqual(['tcp:127.0.0.1:1']));
    expect(ovsdb.bridges.get('br0')?.externalIds).toEqual(new Map([['a', 'b']]));
    await vswitch.vsctl('del-port', 'p1');
    await soon(() => expect(told.slice(-2)).toEqual(['port br0 p1 gone', 'change']));
    await vswitch.vsctl('del-br', 'br0');
    await soon(() => expect(told.slice(-3)).toEqual(['port br0 br0 gone', 'bridge br0 gone', 'change']));
    expect(ovsdb.bridges.size).toBe(0);
  });

  it('goes on where a listener throws, and tells the others', async () => {
    const vswitch = await privateSwitch();
    const faults: unknown[] = [];
    const { ovsdb, told } = client(vswitch.ovsdb, { onFault: (error) => faults.push(error) });
    ovsdb.prependListener('port', (_, name) => {
      throw name;
    });
    await connected(ovsdb);
    await vswitch.addBridge({ name: 'br0' });
    await addPort(vswitch, 'p1');
    await soon(() => expect(told).toContain('port br0 p1 1'));
    expect(faults).toContain('p1');
    expect([ovsdb.connected, told.filter((each) => each === 'up').length]).toEqual([true, 1]);
  });

  it('tells why a port could not be set up', async () => {
    const vswitch = await privateSwitch();
    await vswitch.addBridge({ name: 'br0' });
    await vswitch.addPort('br0', 'bad', { type: 'nonsense' }).catch(() => {});
    const { ovsdb } = client(vswitch.ovsdb);
    const bad = () => ovsdb.bridges.get('br0')?.ports.get('bad');
    await soon(() => expect(bad()?.error).toMatch(/nonsense|could not|not supported/));
    expect(bad()?.ofport).toBeUndefined();
  });

  it('sets the fail mode and the keys of maps, and waits until they are applied', async () => {
    const vswitch = await privateSwitch();
    await vswitch.addBridge({ name: 'br0' });
    const { ovsdb } = client(vswitch.ovsdb);
    await connected(ovsdb);
    await ovsdb.setFailMode('br0', 'secure');
    expect(ovsdb.bridges.get('br0')?.failMode).toBe('secure');
    // The switch daemon, and not only the database, knows: without a controller a secure bridge has no flow of its own.
    expect(await vswitch.appctl('bridge/dump-flows', 'br0')).not.toContain('NORMAL');
    await ovsdb.setFailMode('br0', undefined);
    expect(ovsdb.bridges.get('br0')?.failMode).toBeUndefined();
    await ovsdb.setOtherConfig('br0', 'disable-in-band', 'true');
    await ovsdb.setOtherConfig('br0', 'disable-in-band', 'false');
    await ovsdb.setBridge('br0', { external_ids: { a: '1', b: '2' } });
    await ovsdb.setBridge('br0', { external_ids: { a: undefined }, datapath_type: 'dummy' });
    expect(ovsdb.bridges.get('br0')).toMatchObject({
      otherConfig: new Map([['disable-in-band', 'false']]),
      externalIds: new Map([['b', '2']]),
    });
    await ovsdb.setGlobalOtherConfig('flow-restore-wait', 'true');
    expect(await vswitch.vsctl('get', 'Open_vSwitch', '.', 'other_config')).toBe('{flow-restore-wait="true"}');
    await ovsdb.setGlobalOtherConfig('flow-restore-wait', undefined);
    expect(await vswitch.vsctl('get', 'Open_vSwitch', '.', 'other_config')).toBe('{}');
  });

  it('says when the switch daemon does not apply a change, and when there is no such bridge', async () => {
    const vswitch = await privateSwitch();
    await vswitch.stop('ovs-vswitchd');
    await vswitch.vsctl('--no-wait', 'add-br', 'br0');
    const { ovsdb } = client(vswitch.ovsdb, { applyMs: 100 });
    await connected(ovsdb);
    await expect(ovsdb.setFailMode('br0', 'secure')).rejects.toThrow(
      /^bridge br0: written, but not applied by the switch daemon in 0.1 s: .* is ovs-vswitchd running\?$/,
    );
    await expect(ovsdb.setFailMode('br9', 'secure')).rejects.toThrow('there is no bridge br9 in the database');
  });

  it('throws for a transaction that is refused, and does none of it', async () => {
    const vswitch = await privateSwitch();
    const { ovsdb } = client(vswitch.ovsdb);
    await connected(ovsdb);
    const comment = { op: 'comment', comment: 'x' };
    await expect(ovsdb.transact([comment, { op: 'select', table: 'Nothing', where: [] }])).rejects.toMatchObject({
      name: 'OvsdbError',
      operation: 1,
      message: expect.stringMatching(/^operation 1 \(select Nothing\) refused: /),
    });
    const bad = { op: 'insert', table: 'AutoAttach', row: { system_name: 1 } };
    await expect(ovsdb.transact([bad])).rejects.toThrow(/^operation 0 \(insert AutoAttach\) refused: .+/);
    expect(await ovsdb.transact([comment])).toEqual([{}]);
  });

  it('gives a transaction up when its signal says so', async () => {
    const vswitch = await privateSwitch();
    const { ovsdb } = client(vswitch.ovsdb);
    await connected(ovsdb);
    const given = new AbortController();
    const until = { until: '==', columns: ['next_cfg'], rows: [{ next_cfg: 999 }] };
    const waiting = ovsdb.transact([{ op: 'wait', table: 'Open_vSwitch', where: [], ...until }], {
      signal: given.signal,
    });
    given.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
    await expect(ovsdb.transact([], { signal: given.signal })).rejects.toThrow('enough');
    expect(await ovsdb.transact([{ op: 'comment', comment: 'still there' }])).toHaveLength(1);
  });

  it('comes up when the server does, and says until then why not', async () => {
    const vswitch = await privateSwitch();
    await vswitch.stop('ovsdb-server');
    const { ovsdb, told } = client(vswitch.ovsdb);
    await soon(() => expect(told).toEqual(['down']));
    expect(ovsdb.reason).toBe(`${vswitch.ovsdb}: no such file (is Open vSwitch running?)`);
    await expect(ovsdb.transact([])).rejects.toThrow('not connected: unix:');
    await vswitch.restart('ovsdb-server');
    await connected(ovsdb);
    expect(told).toEqual(['down', 'up']);
  });

  it('survives a server that is killed and started again, and tells only what differs', async () => {
    const vswitch = await privateSwitch('p1', 'p2');
    const { ovsdb, told } = client(vswitch.ovsdb);
    await connected(ovsdb);
    // What the switch daemon says last of a port: after it nothing more comes by itself.
    const settled = () => [...ovsdb.bridges.get('br0')!.ports.values()].every((port) => port.linkState !== undefined);
    await soon(() => expect(settled()).toBe(true));
    const ports = [...ovsdb.bridges.get('br0')!.ports.values()];
    told.length = 0;
    const reason = new Promise((resolve) => ovsdb.once('down', resolve));
    const late = ovsdb.transact([{ op: 'wait', table: 'Open_vSwitch', where: [], until: '==', columns: [], rows: [] }]);
    late.catch(() => undefined);
    await vswitch.kill9('ovsdb-server');
    expect(await reason).toMatch(/^unix:.*: the server closed the connection$|ECONNRESET/);
    await expect(late).rejects.toBeInstanceOf(OvsdbError);
    expect([...ovsdb.bridges.get('br0')!.ports.values()]).toEqual(ports);
    await vswitch.restart('ovsdb-server');
    await connected(ovsdb);
    await addPort(vswitch, 'p3');
    await soon(() => expect(ovsdb.bridges.get('br0')?.ports.get('p3')?.ofport).toBe(3));
    // Each new reason while it is away, and then nothing but the new port.
    const inShort = told.filter((line) => line !== 'change').map((line) => line.replace(/ p3 .*/, ' p3'));
    expect([...new Set(inShort)]).toEqual(['down', 'up', 'port br0 p3']);
  });

  it('stays silent after it is disposed', async () => {
    const vswitch = await privateSwitch();
    const { ovsdb, told } = client(vswitch.ovsdb);
    await connected(ovsdb);
    await ovsdb[Symbol.asyncDispose]();
    expect({ told, connected: ovsdb.connected }).toEqual({ told: ['up'], connected: false });
    expect(() => ovsdb.start()).toThrow('disposed');
  });
});
