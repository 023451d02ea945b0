import type { HostsAnswer, SystemStatus } from '@openvnet/model';
import { expect, it } from 'vitest';
import { hostsText } from './inside/hosts.ts';
import { systemText } from './status-text.ts';

const io = { out: () => undefined, err: () => undefined, fancy: false, env: {} };
const minutesAgo = (minutes: number): string => new Date(Date.now() - minutes * 60_000 - 500).toISOString();
const agent = { hostname: 'h', address: '127.0.0.1', pid: 7, version: '1', revision: 5, problem: null, notes: [] };
const bridge = {
  dpid: '0x1',
  bridge: 'br0',
  tunnel_address: null,
  connection: null,
  ports: 2,
  flows: 9,
  revision: 5,
  register: null,
};

const status: SystemStatus = {
  manager: { version: '1', pid: 1, store: 's', revision: 5, started_at: minutesAgo(180), notes: [] },
  agents: [
    { ...agent, node: 'node1', connected: true, since: minutesAgo(5) },
    { ...agent, node: 'node2', connected: false, since: minutesAgo(30) },
  ],
  packets: [{ node: 'node1', since: minutesAgo(5), answered: 3, limited: 0, counts: {} }],
  datapaths: [
    {
      ...bridge,
      uuid: 'dp-a',
      node: 'node1',
      notes: ['fail mode set'],
      self_check: { at: minutesAgo(2), items: 4, disagreements: 0, found: [] },
    },
    { ...bridge, uuid: 'dp-b', dpid: '0x2', node: 'node2', notes: ['no answer'], self_check: null },
  ],
  unrealised: [{ uuid: 'if-b', waits_for: ['bridge br0 on node2 is not served: no answer'] }],
  refused: [{ interface_uuid: 'if-a', frames: 1, allowed: '10.0.0.1' }],
} as SystemStatus;

it('says what is wrong before notes, one cause once, with ages, and hosts where bridges have one name', async () => {
  expect(await systemText(io, status)).toMatchInlineSnapshot(`
    "manager  version 1, pid 1, store s, revision 5, started 3 h ago
    agents
      node   hostname  pid  version  state                 revision
      node1  h         7    1        connected 5 min ago   5
      node2  h         7    1        went away 30 min ago  5
    datapaths
      uuid  dpid  bridge  node   connection  ports  flows  revision
      dp-a  0x1   br0     node1  -           2      9      5
      dp-b  0x2   br0     node2  -           2      9      5
    not in effect
      if-b: bridge br0 on node2 is not served: no answer
    refused frames
      if-a  1 frame; it may only use 10.0.0.1
    packets to node1, counted since the agent was started 5 min ago:  answered 3, over their port's limit 0
    notes
      br0 on node1: fail mode set
      br0 on node1: self-check 2 min ago: 4 items recomputed, all correct"
  `);
});

it('lists hosts, one line each, and what is wrong below', async () => {
  const bridges = [{ bridge: 'br0', datapath_uuid: 'dp-a', dpid: '0x1', ports: 2, flows: 9 }];
  const one = { hostname: 'h', version: '1', since: minutesAgo(30), revision: 5, behind: 0, underlay_mtu: 1500 };
  const hosts: HostsAnswer['hosts'] = [
    { ...one, node: 'n1', health: 'ok', tunnel_address: '192.0.2.1', bridges, interfaces: 1, problems: [] },
    {
      ...one,
      node: 'n2',
      health: 'away',
      behind: 3,
      tunnel_address: null,
      bridges: [{ ...bridges[0]!, datapath_uuid: null }],
      interfaces: 0,
      problems: ['agent n2 went away'],
    },
  ];
  expect(await hostsText(io, { revision: 5, hosts })).toMatchInlineSnapshot(`
    "node  health                version  revision  behind  bridges               ports  interfaces  flows  tunnel_address
    n1    ok                    1        5         0       br0 (dp-a)            2      1           9      192.0.2.1
    n2    went away 30 min ago  1        5         3       br0 (not registered)  2      0           9      -
    n2: agent n2 went away"
  `);
  expect(await hostsText(io, { revision: 0, hosts: [] })).toBe(
    'there are no hosts: no agent has connected to this manager',
  );
});
