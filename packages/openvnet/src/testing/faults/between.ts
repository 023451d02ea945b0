import type { FaultGroup } from './fault.ts';
import type { FaultHost } from './host.ts';

const [address1, address2] = ['198.18.0.1', '198.18.0.2'];
const dpid2 = '000002fdee8e0a45';
const across = '--from if-veth1 --to 172.16.1.2';

/** What the agents of the two hosts are started with. */
interface Ends {
  readonly one?: { readonly tunnelAddress?: string };
  readonly two?: { readonly tunnelAddress?: string };
  /** Whether the second host is registered. */
  readonly registered?: boolean;
}

/** A host with this address. */
function at(address: string): ReadonlyMap<string, { device: string; mtu: number }> {
  return new Map([[address, { device: 'under0', mtu: 1500 }]]);
}

/** Takes guest 2 to a second host. */
async function spread(on: FaultHost, { one, two, registered = true }: Ends = {}): Promise<void> {
  await restart(on, one ?? { tunnelAddress: address1 });
  await on.unplug('if-veth2');
  const end = two ?? { tunnelAddress: address2 };
  await on.other({ node: 'node2', dpid: dpid2, addresses: at(address2), ...end });
  const name = ['--uuid', 'dp-br2', '--display-name', 'br0', '--node-id', 'node2'].join(' ');
  if (registered) await on.must(`datapath add ${name} --dpid 0x${dpid2}`);
  await on.others[0]!.vswitch.addPort('br0', 'if-veth2');
}

/** The agent of the first host is started again. */
async function restart({ host }: FaultHost, how: { readonly tunnelAddress?: string }): Promise<void> {
  await host.stopAgent();
  await host.startAgent({ addresses: at(address1), ...how });
}

/** Faults between two hosts, each with guests of one network. */
export const between: FaultGroup = {
  title: 'Between hosts',
  faults: [
    {
      what: 'a host has no tunnel address, because the manager is on 127.0.0.1',
      seen: 'Guests reach those on their own host, and none on the other.',
      make: (host) => spread(host, { two: {} }),
      ask: `vnctl trace ${across}`,
      says: [
        /its receiver is on dp-br2, and no tunnel leads there: dp-br2 has no tunnel address/,
        /dp-br2 has no tunnel address, so it cannot exchange frames with dp-br0: agent node2 reaches the manager from no/,
      ],
      cure: 'vna --tunnel-address',
      prints: /On node2, use: vna --manager \S+ --node-id node2 --tunnel-address 198\.18\.0\.2/,
      by: (host) => host.others[0]!.startAgent({ tunnelAddress: address2 }),
      cured: (host) => host.arrives(across),
    },
    {
      what: 'the tunnel address of an agent is mistyped',
      seen: 'Guests reach those on their own host, and none on the other.',
      make: (host) => spread(host, { one: { tunnelAddress: '198.18.0.11' } }),
      ask: 'vnctl status',
      says: [
        /node1: no device of this host has the tunnel address 198\.18\.0\.11/,
        /dp-br0 has no tunnel address, so it cannot exchange frames with dp-br2: no device of this host/,
      ],
      cure: 'vna --tunnel-address',
      prints: /On node1, use: vna --manager \S+ --node-id node1 --tunnel-address 198\.18\.0\.1/,
      by: (host) => restart(host, { tunnelAddress: address1 }),
      cured: (host) => host.arrives(across),
    },
    {
      what: 'a datapath is registered with an address that its host does not have',
      seen: 'Nothing: the address from which the agent reaches the manager is used.',
      make: (host) => spread(host).then(() => host.must('datapath modify dp-br2 --ipv4-address 198.18.0.99')),
      ask: 'vnctl datapaths show dp-br2',
      says: [/dp-br2 has ipv4_address 198\.18\.0\.99, which no device of node2 has: 198\.18\.0\.2 is used/],
      cure: 'vnctl datapaths modify dp-br2 --ipv4-address 198.18.0.2',
      cured: (host) =>
        host.stopsSaying('vnctl datapaths show dp-br2', /which no device/).then(() => host.arrives(across)),
    },
    {
      what: 'the underlay does not carry the tunnel between two hosts, or a firewall blocks its encapsulation',
      seen: 'Guests reach those on their own host, and none on the other. Nothing is missing in `vnctl status`.',
      make: (host) => spread(host).then(() => host.arrives(across)),
      ask: `vnctl trace ${across} --live`,
      says: [
        /a frame that was sent through the geneve tunnel from dp-br0 \(198\.18\.0\.1\) to dp-br2 \(198\.18\.0\.2\) did not arrive/,
        /the underlay must let UDP port 6081 pass between these addresses/,
      ],
      seconds: 15,
      cure: 'ping',
      prints: /On node1, use: ping -c 3 198\.18\.0\.2/,
      // Simulated switches have no underlay at all.
      by: async () => {},
      cured: (host) => host.arrives(across),
    },
    {
      what: "the other host's agent is away",
      seen: 'Nothing: the switch goes on as it was. Changes are not in effect there.',
      make: async (host) => {
        await spread(host);
        await host.arrives(across);
        await host.others[0]!.stopAgent();
      },
      ask: `vnctl trace ${across}`,
      says: [
        /it is sent to dp-br2 at 198\.18\.0\.2; agent node2 went away \d+ s ago, and its switch goes on as it was/,
      ],
      cure: 'vna --manager',
      prints: /Use: vna --manager \S+ --node-id node2/,
      by: (host) => host.others[0]!.startAgent(),
      cured: (host) => host.arrives(across),
    },
    {
      what: 'the port of an interface is on another host than its owner',
      seen: 'The guest reaches nobody.',
      make: async (host) => {
        await spread(host);
        await host.must('interface modify if-veth2 --owner-datapath-uuid dp-br0');
      },
      ask: 'vnctl explain if-veth2',
      says: [/no port named if-veth2 on dp-br0\. port if-veth2 is on dp-br2, but the owner of if-veth2 is dp-br0/],
      cure: 'vnctl interfaces modify if-veth2 --owner-datapath-uuid dp-br2',
      cured: (host) => host.arrives(across),
    },
    {
      what: 'the host that has the port of an interface is not registered',
      seen: 'The guest reaches nobody.',
      make: (host) => spread(host, { registered: false }),
      ask: 'vnctl explain if-veth2',
      says: [
        /no port named if-veth2 on dp-br0/,
        /if-veth2 is a port of bridge br0 \(0x000002fdee8e0a45\) on node2, which is not registered/,
      ],
      cure: 'vnctl datapaths add --uuid dp-br0-ee8e0a45 --display-name br0 --dpid 0x000002fdee8e0a45 --node-id node2',
      cured: (host) => host.arrives(across),
    },
    {
      what: 'packets are larger than the tunnel between two hosts carries',
      seen: 'Small packets arrive. Large ones do not, or are sent in fragments.',
      make: (host) => spread(host).then(() => host.must('network modify nw-net1 --mtu 1500')),
      ask: `vnctl trace ${across} --size 1500 --dont-fragment`,
      says: [/1450/],
      cure: 'vnctl networks modify nw-net1 --mtu 1450',
      cured: (host) => host.stopsSaying('vnctl status', /--mtu/).then(() => host.arrives(across)),
    },
  ],
};
