import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Call, calls, fieldReport, switchSteps } from '../testing/field-report.ts';
import { dpid, Host, textOf, until } from '../testing/host.ts';
import { namedFlows } from '../testing/named-flows.ts';

let host: Host;
let wanted: string[];
beforeEach(async () => {
  host = await Host.start();
  await fieldReport(host);
  wanted = (await host.flows()).map(textOf);
});
afterEach(() => host[Symbol.asyncDispose]());

/** Milliseconds until the switch holds what it held in the beginning. */
async function restored(timeoutMs: number): Promise<number> {
  const same = async (): Promise<boolean> =>
    JSON.stringify((await host.flows()).map(textOf)) === JSON.stringify(wanted);
  const ms = await until(same, { timeoutMs });
  await host.settled();
  return ms;
}

/** A new interface on the port `if-veth7` comes to be served: the agent is well. */
async function serves(): Promise<void> {
  const call = calls.find(({ name }) => name === 'if-veth1') as Call;
  const form = { ...call.form, ipv4_address: '172.16.1.7', mac_address: '52:54:00:0d:84:07' };
  await host.addPort('if-veth7', 7);
  await host.api('POST', '/interfaces', { uuid: 'if-veth7', ...form });
  await host.settled();
  expect(await flowsOf(7)).toBe(await flowsOf(1));
}

async function flowsOf(port: number): Promise<number> {
  const lines = await host.vswitch.flows('br0');
  return lines.filter((line) => new RegExp(`in_port=${port}\\b`).test(line)).length;
}

/** Sends bytes to where switches connect, and waits for the end of the connection. */
function say(bytes: Buffer | string): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect(host.openflow);
    socket.on('error', () => undefined);
    socket.on('close', () => resolve());
    socket.resume();
    socket.end(bytes);
  });
}

describe('what is not a switch', () => {
  it('is turned away from the listener, and the switches are served on', async () => {
    const random = Buffer.from(Array.from({ length: 4096 }, (_, i) => (i * 7919 + 13) % 251));
    const hello10 = Buffer.from('0100000800000001', 'hex');
    const hugeLength = Buffer.from('0400ffff00000001', 'hex');
    const noLength = Buffer.from('0400000000000001', 'hex');
    const falseFeatures = Buffer.from('0400000800000001040600200000000100000000', 'hex');
    const all = [random, 'GET / HTTP/1.1\r\nHost: x\r\n\r\n', hello10, hugeLength, noLength, falseFeatures, ''];
    await Promise.all(all.map(say));
    expect((await host.flows()).map(textOf)).toEqual(wanted);
    await serves();
    await host.vswitch.vsctl('del-controller', 'br0');
    await until(() => host.served?.connection?.peer.startsWith('unix:') === true);
    await host.setController();
    await host.settled();
  }, 20_000);
});

describe('what someone else does to the switch is undone', () => {
  // The agent looks again a moment after a controller was set: that must not be what mends it.
  beforeEach(() => sleep(600));

  it('flows that are deleted come back', async () => {
    await host.vswitch.ofctl('del-flows', 'br0');
    expect(await restored(4000)).toBeLessThan(3000);
    await host.vswitch.ofctl('del-flows', 'br0', 'table=0');
    expect(await restored(4000)).toBeLessThan(3000);
  }, 20_000);

  it('flows that are added go', async () => {
    await host.vswitch.ofctl('add-flow', 'br0', 'table=0,priority=9999,actions=drop');
    await host.vswitch.ofctl('add-flow', 'br0', 'table=77,actions=drop');
    expect(await restored(4000)).toBeLessThan(3000);
  }, 20_000);

  it('the flush by a controller that is set or taken away is mended within a second', async () => {
    const change = [
      ['del-controller', 'br0'],
      ['set-controller', 'br0', 'tcp:127.0.0.1:9'],
      ['del-controller', 'br0'],
    ];
    for (const command of change) {
      await host.vswitch.vsctl(...command);
      expect(await restored(1000)).toBeLessThan(1000);
    }
    await host.setController();
    expect(await restored(1000)).toBeLessThan(1000);
  }, 20_000);

  it('a fail mode that is set is set back', async () => {
    await host.vswitch.vsctl('set-fail-mode', 'br0', 'standalone');
    await until(async () => (await host.vswitch.vsctl('get-fail-mode', 'br0')) === 'secure');
    await restored(1000);
  }, 20_000);
});

describe('a bridge', () => {
  it('that is deleted and made again with its datapath id is served again', async () => {
    await host.vswitch.deleteBridge('br0');
    await until(() => host.served === undefined);
    for (const step of switchSteps) await step.run(host);
    await restored(3000);
  }, 20_000);

  it('that is made again in the same transaction is served again', async () => {
    const { vswitch } = host;
    const ports = [1, 2, 3, 4, 5, 6].flatMap((n) => [
      ...['--', 'add-port', 'br0', `if-veth${n}`],
      ...['--', 'set', 'Interface', `if-veth${n}`, 'type=dummy', `ofport_request=${n}`],
    ]);
    const settings = ['datapath_type=dummy', `other_config:datapath-id=${dpid}`, 'protocols=OpenFlow10,OpenFlow13'];
    await vswitch.vsctl('del-br', 'br0', '--', 'add-br', 'br0', '--', 'set', 'Bridge', 'br0', ...settings, ...ports);
    await restored(3000);
  }, 20_000);

  it('whose datapath id changes is served under the one that is registered', async () => {
    await host.vswitch.vsctl('set', 'Bridge', 'br0', 'other_config:datapath-id=00000000000000ab');
    await until(() => host.served === undefined);
    await host.vswitch.vsctl('set', 'Bridge', 'br0', `other_config:datapath-id=${dpid}`);
    await restored(3000);
  }, 20_000);

  it('of which two datapaths are registered is served as the one of this host, or else as the older', async () => {
    const registered = (): number | undefined => host.served?.datapathId;
    const first = registered();
    const form = { display_name: 'other', dpid: `0x${dpid}`, node_id: 'elsewhere' };
    await host.api('POST', '/datapaths', { uuid: 'dp-other', ...form });
    await until(() => host.agent.slice.relations.datapath.size === 2);
    expect(registered()).toBe(first);
    await host.api('DELETE', '/datapaths/dp-br0');
    await until(() => registered() !== undefined && registered() !== first);
    await until(async () => (await host.flows()).length === wanted.length);
  }, 20_000);
});

describe('a port', () => {
  it('is followed when its number changes, also when two exchange theirs', async () => {
    const { vswitch } = host;
    const before = await flowsOf(1);
    expect(before).toBeGreaterThan(0);
    await vswitch.vsctl('set', 'Interface', 'if-veth1', 'ofport_request=20');
    await until(async () => (await flowsOf(20)) === before && (await flowsOf(1)) === 0);
    const exchange = [
      ...['set', 'Interface', 'if-veth1', 'ofport_request=2'],
      ...['--', 'set', 'Interface', 'if-veth2', 'ofport_request=1'],
    ];
    await vswitch.vsctl(...exchange);
    await until(async () => (await vswitch.portNumber('if-veth2')) === 1 && (await flowsOf(1)) === before);
    await vswitch.vsctl('set', 'Interface', 'if-veth1', 'ofport_request=1', ...['--', ...exchange.slice(5)]);
    await until(async () => (await flowsOf(20)) === 0);
    expect(namedFlows(await host.flows(), host.agent.slice).length).toBe(wanted.length);
  }, 20_000);

  it('is served again when it was deleted and added, under its name or under its iface-id', async () => {
    const { vswitch } = host;
    await vswitch.deletePorts('if-veth1');
    await until(async () => (await flowsOf(1)) === 0);
    await vswitch.addPort('br0', 'tap1', { ofportRequest: 1, externalIds: { 'iface-id': 'if-veth1' } });
    await restored(2000);
    await vswitch.deletePorts('tap1');
    await vswitch.addPort('br0', 'if-veth1', { ofportRequest: 1 });
    await restored(2000);
  }, 20_000);
});

describe('a connection that breaks', () => {
  it('to the switch is made again, and no flow is touched', async () => {
    const oldest = async (): Promise<number> => Math.min(...(await host.flows()).map(({ seconds }) => seconds));
    for (let time = 0; time < 3; time++) {
      const before = await oldest();
      const broken = host.served?.connection;
      await broken?.close();
      await until(() => host.served?.connection !== undefined && host.served.connection !== broken);
      await host.settled();
      expect((await host.flows()).map(textOf)).toEqual(wanted);
      expect(await oldest()).toBeGreaterThanOrEqual(before);
    }
  }, 20_000);

  it('to the database, whose server crashes, is made again', async () => {
    await host.vswitch.kill9('ovsdb-server');
    await until(() => host.agent.switches.problem !== null);
    await host.vswitch.restart('ovsdb-server');
    await until(() => host.agent.switches.problem === null);
    await restored(5000);
    await serves();
  }, 20_000);

  it('to a switch that crashes is made again, and everything is installed again', async () => {
    await host.crash();
    expect(await restored(2000)).toBeLessThan(1000);
    await serves();
  }, 20_000);
});
