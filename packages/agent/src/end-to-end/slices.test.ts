/** An agent that gets a slice, with a real switch and a real manager. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { dpid, Host, until } from '../testing/host.ts';

let host: Host;
beforeEach(async () => {
  host = await Host.start();
  await host.addBridge();
  const bridge = { uuid: 'dp-br0', display_name: 'br0', dpid, node_id: 'node1' };
  await host.api('POST', '/datapaths', bridge);
  await host.api('POST', '/datapaths', { ...bridge, uuid: 'dp-2', dpid: '0x00000000000000b2', node_id: 'node2' });
  for (const n of [1, 2]) {
    await host.api('POST', '/networks', { uuid: `nw-${n}`, ipv4_network: '10.0.0.0' });
    await host.api('POST', '/interfaces', { uuid: `if-${n}`, network_uuid: `nw-${n}`, ipv4_address: '10.0.0.1' });
  }
}, 20_000);
afterEach(() => host[Symbol.asyncDispose]());

const networks = (): string[] => [...host.agent.slice.relations.network.rows()].map(({ uuid }) => uuid);

it('knows the networks of its ports, of those that come and go while it runs, too', async () => {
  await host.addPort('if-1', 1);
  await host.startAgent();
  await until(() => networks().join() === 'nw-1');
  await host.addPort('if-2', 2);
  await until(() => networks().length === 2);
  await until(async () => (await host.api('GET', '/interfaces/if-2')).status.realised);
  await host.vswitch.vsctl('del-port', 'br0', 'if-2');
  await until(() => networks().join() === 'nw-1');
}, 60_000);

it('is sent to an agent that was started before Open vSwitch', async () => {
  await host.addPort('if-1', 1);
  await host.vswitch.kill9('ovsdb-server');
  await host.startAgent();
  await sleep(300);
  expect(host.agent.slice.position).toBeUndefined();
  await host.vswitch.restart('ovsdb-server');
  await until(() => networks().join() === 'nw-1');
}, 60_000);
