/** The calls of the field report of 2013 as they were written, sent by curl to a manager on a port. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type TestManager, testManager } from '../testing.ts';

const run = promisify(execFile);

let manager: TestManager;
beforeAll(async () => {
  manager = await testManager();
  const { done } = manager;
  await done('POST', '/datapaths', {
    uuid: 'dp-br0',
    display_name: 'br0',
    dc_segment_id: 'seg1',
    dpid: '0x000002fdee8e0a44',
    ipv4_address: '192.168.122.207',
    node_id: '192.168.122.207',
  });
  for (const n of ['1', '2']) {
    const network = {
      ipv4_network: `172.16.${n}.0`,
      ipv4_prefix: '24',
      domain_name: `dom${n}`,
      network_mode: 'virtual',
    };
    await done('POST', '/networks', { uuid: `nw-net${n}`, display_name: `net${n}`, ...network });
    await done('POST', `/datapaths/dp-br0/networks/nw-net${n}`, { broadcast_mac_address: `08:00:27:10:03:0${n}` });
  }
  await done('POST', '/route_links', { uuid: 'rl-vnetlink1', mac_address: '52:54:00:60:11:11' });
});
afterAll(() => manager.close());

const calls = `
curl -s -X POST --data-urlencode uuid=if-vnet1gw --data-urlencode network_uuid=nw-net1 --data-urlencode mac_address=52:54:00:74:00:00 --data-urlencode ipv4_address=172.16.1.254 --data-urlencode mode=simulated http://localhost:9090/api/interfaces
curl -s -X POST --data-urlencode uuid=if-vnet2gw --data-urlencode network_uuid=nw-net2 --data-urlencode mac_address=52:54:00:74:22:22 --data-urlencode ipv4_address=172.16.2.254 --data-urlencode mode=simulated http://localhost:9090/api/interfaces
curl -s -X POST --data-urlencode route_link_uuid=rl-vnetlink1 --data-urlencode mac_address=08:00:27:20:01:01 http://localhost:9090/api/datapaths/dp-br0/route_links/rl-vnetlink1
curl -s -X POST --data-urlencode uuid=r-vnet1 --data-urlencode interface_uuid=if-vnet1gw --data-urlencode route_link_uuid=rl-vnetlink1 --data-urlencode ipv4_network=172.16.1.0 http://localhost:9090/api/routes
curl -s -X POST --data-urlencode uuid=r-vnet2 --data-urlencode interface_uuid=if-vnet2gw --data-urlencode route_link_uuid=rl-vnetlink1 --data-urlencode ipv4_network=172.16.2.0 http://localhost:9090/api/routes
`;

it('are all answered with what they made', async () => {
  const answers: Record<string, unknown>[] = [];
  for (const line of calls.trim().split('\n')) {
    const [program, ...words] = line.replace('http://localhost:9090', manager.url).split(' ') as [string, ...string[]];
    const { stdout } = await run(program, words);
    answers.push(JSON.parse(stdout));
  }
  expect(answers).toMatchObject([
    { uuid: 'if-vnet1gw', mode: 'simulated', network_uuid: 'nw-net1', ipv4_address: '172.16.1.254' },
    { uuid: 'if-vnet2gw', mode: 'simulated', network_uuid: 'nw-net2', mac_address: '52:54:00:74:22:22' },
    { datapath_id: 1, route_link_id: 1, interface_id: null, mac_address: 0x080027200101 },
    { uuid: 'r-vnet1', network_uuid: 'nw-net1', ipv4_network: '172.16.1.0', ipv4_prefix: 24 },
    { uuid: 'r-vnet2', network_uuid: 'nw-net2', interface_uuid: 'if-vnet2gw', route_link_uuid: 'rl-vnetlink1' },
  ]);
});
