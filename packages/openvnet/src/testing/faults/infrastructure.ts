import { rmSync } from 'node:fs';
import type { FaultGroup } from './fault.ts';

/** How Open vSwitch is started depends on the host. */
const startsOpenVswitch = /Use: (systemctl|service|\S*ovs-ctl|apt-get) .*(start|install)/;

export const infrastructure: FaultGroup = {
  title: 'Hosts, bridges and programs',
  faults: [
    {
      what: 'the bridge is not registered',
      seen: 'Nothing is in effect.',
      make: (host) => host.must('datapath del dp-br0'),
      ask: 'vnctl status',
      says: [/br0.*is not registered/],
      cure: 'vnctl datapaths add --uuid dp-br0 --display-name br0 --dpid 0x000002fdee8e0a44 --node-id node1',
    },
    {
      what: 'the datapath id is mistyped',
      seen: 'Nothing is in effect; the bridge looks right.',
      make: (host) => host.must('datapath modify dp-br0 --dpid 0x000002fdee8e0a43'),
      ask: 'vnctl status',
      says: [/dp-br0/, /no bridge.*0x000002fdee8e0a43/, /br0/],
      cure: 'vnctl datapaths modify dp-br0 --dpid 0x000002fdee8e0a44',
    },
    {
      what: 'the agent does not run',
      seen: 'What is registered from now on is not in effect.',
      make: async (host) => {
        await host.host.stopAgent();
        await host.must('network add --uuid nw-new --ipv4-network 172.16.9.0/24');
      },
      ask: 'vnctl networks show nw-new',
      says: [/agent node1 went away \d+ s ago and has not applied revision \d+/],
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
      seen: 'Guests reach nobody.',
      make: (host) => host.host.vswitch.kill9('ovs-vswitchd'),
      ask: 'vnctl status',
      says: [/ovs-vswitchd does not answer for br0/],
      cure: 'systemctl start openvswitch-switch',
      prints: startsOpenVswitch,
      by: (host) => host.host.vswitch.restart('ovs-vswitchd'),
    },
    {
      what: "Open vSwitch's database does not run",
      seen: 'New ports are not noticed.',
      make: (host) => host.host.vswitch.kill9('ovsdb-server'),
      ask: 'vnctl status',
      says: [/node1: the database of Open vSwitch \(ovsdb-server\) does not answer/],
      cure: 'systemctl start openvswitch-switch',
      prints: startsOpenVswitch,
      by: (host) => host.host.crash('ovsdb-server'),
    },
    {
      what: 'the manager does not run',
      seen: 'Every command of vnctl fails.',
      make: (host) => host.host.stopManager(),
      ask: 'vnctl status',
      says: [/cannot reach http:\/\/127\.0\.0\.1:\d+/],
      cure: 'vnmgr',
      by: (host) => host.host.startManager(),
    },
    {
      what: 'the bridge speaks OpenFlow 1.0 only',
      seen: 'Nothing is in effect.',
      make: (host) => host.host.vswitch.vsctl('set', 'bridge', 'br0', 'protocols=OpenFlow10'),
      ask: 'vnctl status',
      says: [/br0 does not accept OpenFlow 1\.3/],
      cure: 'ovs-vsctl add bridge br0 protocols OpenFlow13',
    },
    {
      what: 'the bridge was deleted',
      seen: 'Guests reach nobody.',
      make: (host) => host.host.vswitch.deleteBridge('br0'),
      ask: 'vnctl status',
      says: [/dp-br0/, /no bridge with datapath id 0x000002fdee8e0a44/],
      cure: 'ovs-vsctl --may-exist add-br br0 -- set bridge br0 other-config:datapath-id=000002fdee8e0a44',
      by: async (host) => {
        await host.host.addBridge();
        for (const n of [1, 2, 3, 4]) await host.wires.plug(`if-veth${n}`, n);
      },
    },
    {
      what: 'the datapath names another node than the one whose bridge it is',
      seen: 'A host is looked for under a wrong name.',
      make: (host) => host.must('datapath modify dp-br0 --node-id node7'),
      ask: 'vnctl status',
      says: [/dp-br0 has node_id node7, and its bridge is on node1/],
      cure: 'vnctl datapaths modify dp-br0 --node-id node1',
    },
    {
      what: 'another program listens where switches connect',
      seen: 'The log of vna has a warning; bridges that were told to connect do not.',
      make: (host) => host.take(),
      ask: 'vnctl status',
      says: [/cannot listen for switches at \S+:6633: \S+ \(pid \d+\) listens there/],
      cure: "ss -tlnp 'sport = :6633'",
      by: (host) => host.free(),
    },
    {
      what: 'the agent was told a wrong address of the manager',
      seen: 'What is registered from now on is not in effect.',
      make: async (host) => {
        await host.host.stopAgent();
        await host.host.startAgent({ manager: 'http://127.0.0.1:1' });
        await host.must('network add --uuid nw-new --ipv4-network 172.16.9.0/24');
      },
      ask: 'vnctl status',
      says: [/nw-new.*agent node1 went away \d+ s ago/],
      cure: 'vna --manager',
      prints: /Use: vna --manager http:\/\/127\.0\.0\.1:\d+ --node-id node1/,
      by: async (host) => {
        await host.host.stopAgent();
        await host.host.startAgent();
      },
      cured: (host) => host.inEffect('nw-new'),
    },
    {
      what: 'the agent looks for the database of Open vSwitch elsewhere',
      seen: 'Nothing new is in effect.',
      make: async (host) => {
        await host.host.stopAgent();
        await host.host.startAgent({ ovsdb: 'unix:/nowhere/db.sock' });
      },
      ask: 'vnctl status',
      says: [/the database of Open vSwitch \(ovsdb-server\) does not answer.*: unix:\/nowhere\/db\.sock: no such file/],
      cure: 'systemctl start openvswitch-switch',
      prints: startsOpenVswitch,
      by: async (host) => {
        await host.host.stopAgent();
        await host.host.startAgent();
      },
    },
    {
      what: 'the store of the manager was lost',
      seen: 'Nothing is registered any more; guests reach each other as before.',
      make: async (host) => {
        await host.host.stopManager();
        for (const suffix of ['', '-wal', '-shm']) rmSync(host.host.store + suffix, { force: true });
        await host.host.startManager();
      },
      ask: 'vnctl status',
      says: [/agent node1 has flows of store \S+, but this manager serves store \S+; the switches keep their flows/],
      cure: 'vnctl datapaths adopt DATAPATH',
      by: async (host) => {
        await host.register();
        await host.must('datapaths adopt dp-br0 --confirm');
      },
    },
    {
      what: 'the disk of the store is full',
      seen: 'Nothing can be registered; what is in effect stays.',
      make: (host) => host.fillDisk(),
      ask: 'vnctl networks add --uuid nw-new --ipv4-network 10.0.0.0/8',
      says: [/The store \S+store\.db cannot be written: its disk is full; nothing was changed/],
      cure: 'df -h',
      by: async (host) => host.freeDisk(),
      cured: (host) => host.must('network add --uuid nw-new --ipv4-network 10.0.0.0/8').then(() => host.arrives()),
    },
    {
      what: 'vnctl asks at a wrong address',
      seen: 'Every command of vnctl fails.',
      make: async () => {},
      ask: 'vnctl --api http://127.9.9.9:9091 status',
      says: [
        /cannot reach http:\/\/127\.9\.9\.9:9091: connection refused/,
        /or say where it runs: --api URL, OPENVNET_API or vnctl\.yaml/,
      ],
      cure: 'vnmgr',
      by: async () => {},
    },
  ],
};
