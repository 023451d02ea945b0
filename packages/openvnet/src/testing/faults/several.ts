import { dpid } from '@openvnet/agent/testing';
import type { FaultGroup } from './fault.ts';

const another = '000002fdee8e0a45';

/** Faults of hosts beside each other, and of programs that pose as one. */
export const several: FaultGroup = {
  title: 'Several hosts, versions and other programs',
  faults: [
    {
      what: 'two agents have one node name',
      seen: 'The second host is not served.',
      make: (host) => host.other({ node: 'node1', dpid: another }),
      ask: 'vnctl status',
      says: [/node1: host2 \(127\.0\.0\.1, pid \d+\) also claims to be node1 and waits until \S+ \(127\.0\.0\.1/],
      cure: 'vna --node-id node1-2',
      by: (host) => host.others[0]!.startAgent({ node: 'node1-2' }),
      cured: (host) => host.answers('vnctl status', [/br0 on node1-2 is not registered/]).then(() => host.arrives()),
    },
    {
      what: 'the bridges of two hosts have one name, and one is not registered',
      seen: 'The guests of the second host reach nobody.',
      make: (host) => host.other({ node: 'node2', dpid: another }),
      ask: 'vnctl status',
      says: [/br0 on node2 is not registered/],
      silent: [/br0 on node1 is not registered/],
      cure: 'vnctl datapaths add --uuid dp-br0-ee8e0a45 --display-name br0 --dpid 0x000002fdee8e0a45 --node-id node2',
      cured: (host) => host.inEffect('dp-br0-ee8e0a45'),
    },
    {
      what: 'the bridges of two hosts have one datapath id, as those of copied machines do',
      seen: 'Both hosts have the flows of one.',
      make: (host) => host.other({ node: 'node2', dpid }),
      ask: 'vnctl status',
      says: [/dp-br0: several hosts have a bridge with datapath id 0x000002fdee8e0a44: br0 on node1, br0 on node2/],
      cure: `ovs-vsctl set bridge br0 other-config:datapath-id=${another}`,
      prints: /On node2, use: ovs-vsctl set bridge br0 other-config:datapath-id=000002fdee8e0a45/,
      by: (host) => host.others[0]!.vswitch.vsctl('set', 'bridge', 'br0', `other-config:datapath-id=${another}`),
      cured: (host) => host.stopsSaying('vnctl status', /several hosts/),
    },
    {
      what: 'two agents run on one host',
      seen: 'Nothing, as long as both have the same manager.',
      make: (host) => host.secondAgent(),
      ask: 'vnctl status',
      says: [
        /dp-br0: several agents of host \S+ serve bridge br0: node1 \(pid \d+\), node2 \(pid \d+\)\. Stop all but one/,
      ],
      silent: [/several hosts/],
      cure: 'kill',
      prints: /There, use: kill \d+/,
      by: (host) => host.stopSecondAgent(),
      cured: (host) => host.stopsSaying('vnctl status', /several agents/).then(() => host.arrives()),
    },
    {
      what: 'an agent has an older version than the manager',
      seen: 'Something new is not in effect on one host.',
      make: async ({ host }) => {
        await host.stopAgent();
        await host.startAgent({ says: { version: '0.0.9' } });
      },
      ask: 'vnctl status',
      says: [
        /node1: has version 0\.0\.9, but the manager has version \d\S+, so it does only what both versions know\. Install version \d/,
      ],
      cure: 'vna --manager',
      prints: /Use: vna --manager http:\/\/127\.0\.0\.1:\d+ --node-id node1/,
      by: async ({ host }) => {
        await host.stopAgent();
        await host.startAgent();
      },
      cured: (host) => host.stopsSaying('vnctl status', /0\.0\.9/).then(() => host.arrives()),
    },
    {
      what: 'another program changes flows',
      seen: 'Packets are lost for a moment now and then.',
      make: (host) => host.host.vswitch.ofctl('-O', 'OpenFlow13', 'del-flows', 'br0'),
      ask: 'vnctl status',
      says: [/another program has changed flows\S* .*of br0 \d+ times, last \d+ s ago; the changes were reverted/],
      cure: "grep 'br0<->.*flow_mods' /var/log/openvswitch/ovs-vswitchd.log",
      by: async () => {},
    },
    {
      what: 'another controller is set, and changes flows',
      seen: 'Packets are lost for a moment now and then.',
      make: async ({ host }) => {
        await host.vswitch.vsctl('set-controller', 'br0', 'tcp:127.9.9.9:6653');
        await host.vswitch.ofctl('-O', 'OpenFlow13', 'add-flow', 'br0', 'table=0,priority=9999,actions=drop');
      },
      ask: 'vnctl datapaths show dp-br0',
      says: [/another program has changed \S*flows.*of br0 .*the changes were reverted/],
      cure: 'ovs-vsctl set-controller br0 tcp:',
      prints: /Use: ovs-vsctl set-controller br0 tcp:127\.\d+\.\d+\.\d+:6633/,
      by: ({ host }) => host.setController(),
      cured: (host) => host.answers('vnctl datapaths show dp-br0', [/Use: grep/]).then(() => host.arrives()),
    },
    {
      what: 'another program sets the fail mode to standalone',
      seen: 'Guests reach nobody for a moment.',
      make: (host) => host.host.vswitch.vsctl('set-fail-mode', 'br0', 'standalone'),
      ask: 'vnctl status',
      says: [/another program has changed fail mode standalone.* of br0 .*last \d+ s ago; the changes were reverted/],
      cure: "grep 'br0<->.*flow_mods' /var/log/openvswitch/ovs-vswitchd.log",
      by: async () => {},
      cured: async (host) => {
        if ((await host.host.vswitch.vsctl('get-fail-mode', 'br0')) !== 'secure') throw new Error('it is not secure');
        await host.arrives();
      },
    },
    {
      what: 'a program says that it is a served bridge',
      seen: 'Nothing; the program gets no flows.',
      make: (host) => host.pose(),
      ask: 'vnctl status',
      says: [
        /tcp:\S+ claims to be br0, but Open vSwitch reports no such connection, so it is ignored\. Find the program/,
      ],
      seconds: 15,
      cure: 'ss -tnp',
      prints: /Use: ss -tnp 'sport = :\d+'/,
      by: (host) => host.endPose(),
      cured: (host) => host.stopsSaying('vnctl status', /it is ignored/),
    },
  ],
};
