import type { FaultGroup } from './fault.ts';

export const infrastructure: FaultGroup = {
  title: 'Hosts, bridges and programs',
  faults: [
    {
      what: 'the bridge is not registered',
      todo: true,
      seen: 'Nothing is in effect.',
      make: (host) => host.must('datapath del dp-br0'),
      ask: 'vnctl status',
      says: [/br0.*is not registered/],
      cure: 'vnctl datapath add --uuid dp-br0 --display-name br0 --dpid 0x000002fdee8e0a44 --node-id node1',
    },
    {
      what: 'the datapath id is mistyped',
      todo: true,
      seen: 'Nothing is in effect; the bridge looks right.',
      make: (host) => host.must('datapath modify dp-br0 --dpid 0x000002fdee8e0a43'),
      ask: 'vnctl status',
      says: [/dp-br0/, /no bridge.*0x000002fdee8e0a43/, /br0/],
      cure: 'vnctl datapath modify dp-br0 --dpid 0x000002fdee8e0a44',
    },
    {
      what: 'the agent does not run',
      todo: true,
      seen: 'What is registered from now on is not in effect.',
      make: async (host) => {
        await host.host.stopAgent();
        await host.must('network add --uuid nw-new --ipv4-network 172.16.9.0/24');
      },
      ask: 'vnctl network show nw-new',
      says: [/agent node1 has been away since/],
      cure: 'vna --manager',
      by: (host) => host.host.startAgent(),
      cured: (host) => host.inEffect('nw-new'),
    },
    {
      what: 'no agent was ever started',
      seen: 'Nothing is in effect.',
      make: async (host) => {
        await host.host.stopAgent();
        await host.host.stopManager();
        await host.host.startManager();
      },
      ask: 'vnctl status',
      says: [/no agent/],
      cure: 'vna --manager',
      by: (host) => host.host.startAgent(),
    },
    {
      what: 'Open vSwitch does not run',
      todo: true,
      seen: 'Guests reach nobody.',
      make: (host) => host.host.vswitch.kill9('ovs-vswitchd'),
      ask: 'vnctl status',
      says: [/br0/, /ovs-vswitchd/],
      cure: 'systemctl start openvswitch-switch',
      by: (host) => host.host.vswitch.restart('ovs-vswitchd'),
    },
    {
      what: "Open vSwitch's database does not run",
      todo: true,
      seen: 'New ports are not noticed.',
      make: (host) => host.host.vswitch.kill9('ovsdb-server'),
      ask: 'vnctl status',
      says: [/node1/, /ovsdb-server|database/],
      cure: 'systemctl start openvswitch-switch',
      by: (host) => host.host.crash('ovsdb-server'),
    },
    {
      what: 'the manager does not run',
      todo: true,
      seen: 'Every command of vnctl fails.',
      make: (host) => host.host.stopManager(),
      ask: 'vnctl status',
      says: [/cannot reach http:\/\/127\.0\.0\.1:\d+/],
      cure: 'vnmgr',
      by: (host) => host.host.startManager(),
    },
    {
      what: 'the bridge speaks OpenFlow 1.0 only',
      todo: true,
      seen: 'Nothing is in effect.',
      make: (host) => host.host.vswitch.vsctl('set', 'bridge', 'br0', 'protocols=OpenFlow10'),
      ask: 'vnctl status',
      says: [/br0/, /OpenFlow ?1\.?3/],
      cure: 'ovs-vsctl set bridge br0 protocols=OpenFlow10,OpenFlow13',
    },
    {
      what: 'the bridge was deleted',
      todo: true,
      seen: 'Guests reach nobody.',
      make: (host) => host.host.vswitch.deleteBridge('br0'),
      ask: 'vnctl status',
      says: [/dp-br0/, /no bridge with datapath id 0x000002fdee8e0a44/],
      cure: 'ovs-vsctl add-br br0 -- set bridge br0 other_config:datapath-id=000002fdee8e0a44',
      by: async (host) => {
        await host.host.addBridge();
        for (const n of [1, 2, 3, 4]) await host.wires.plug(`if-veth${n}`, n);
      },
    },
    {
      what: 'the datapath names another node than the one whose bridge it is',
      todo: true,
      seen: 'A host is looked for under a wrong name.',
      make: (host) => host.must('datapath modify dp-br0 --node-id node7'),
      ask: 'vnctl datapath show dp-br0',
      says: [/node7/, /node1/],
      cure: 'vnctl datapath modify dp-br0 --node-id node1',
    },
  ],
};
