import type { FaultGroup } from './fault.ts';

const web =
  'interfaces add --uuid if-web --network-uuid nw-net1 --ipv4-address 172.16.1.10 --mac-address 52:54:00:0d:84:10';
const reached = '--from if-web --to 172.16.1.1';

export const ports: FaultGroup = {
  title: 'Ports',
  faults: [
    {
      what: 'the port has another name than its interface',
      seen: 'The guest reaches nobody.',
      make: async (host) => {
        await host.wires.plug('veth9', 9);
        await host.must(web);
      },
      ask: 'vnctl interfaces show if-web',
      says: [/no port named if-web on dp-br0/, /Ports without an interface: veth9/],
      cure: 'vnctl interfaces modify if-web --port-name veth9',
      cured: (host) => host.arrives(reached),
    },
    {
      what: 'no port was added for the interface',
      seen: 'The guest reaches nobody.',
      make: (host) => host.must(web),
      ask: 'vnctl trace --from if-web --to 172.16.1.1',
      says: ['if-web', /no port named if-web on dp-br0/],
      cure: 'ovs-vsctl add-port br0 if-web',
      by: (host) => host.wires.plug('if-web', 9),
      cured: (host) => host.arrives(reached),
    },
    {
      what: 'the name of the interface is too long for a port',
      seen: '`ovs-vsctl add-port` fails, because a device has a name of at most 15 characters.',
      make: (host) => host.must(web.replaceAll('if-web', 'if-webserver-of-sales')),
      ask: 'vnctl interfaces show if-webserver-of-sales',
      says: [/no port named if-webserver-of-sales on dp-br0/, /at most 15 characters/],
      cure: 'ovs-vsctl set interface PORT external_ids:iface-id=if-webserver-of-sales',
      by: (host) => host.host.vswitch.addPort('br0', 'veth9', { externalIds: { 'iface-id': 'if-webserver-of-sales' } }),
      cured: (host) => host.inEffect('if-webserver-of-sales'),
    },
    {
      what: 'the port was removed from the bridge',
      seen: 'A guest that worked reaches nobody.',
      make: (host) => host.unplug('if-veth2'),
      ask: 'vnctl status',
      says: [/if-veth2: no port named if-veth2 on dp-br0/],
      cure: 'ovs-vsctl add-port br0 if-veth2',
      by: (host) => host.wires.plug('if-veth2', 2),
    },
    {
      what: 'the port is on a bridge that is not registered',
      seen: 'The guest reaches nobody.',
      make: async (host) => {
        await host.must(web);
        await host.host.vswitch.addBridge({ name: 'br1', datapathId: '000002fdee8e0a45' });
        await host.host.vswitch.addPort('br1', 'if-web');
      },
      ask: 'vnctl interfaces show if-web',
      says: [/if-web is a port of bridge br1 \(0x000002fdee8e0a45\) on node1, which is not registered/],
      cure: 'vnctl datapaths add --uuid dp-br1 --display-name br1 --dpid 0x000002fdee8e0a45 --node-id node1',
      cured: (host) => host.inEffect('if-web'),
    },
    {
      what: 'the port is on another datapath than the one that owns the interface',
      seen: 'The guest reaches nobody.',
      make: async (host) => {
        await host.host.vswitch.addBridge({ name: 'br1', datapathId: '000002fdee8e0a45' });
        await host.must('datapath add --uuid dp-br1 --display-name br1 --dpid 0x000002fdee8e0a45 --node-id node1');
        await host.host.vswitch.addPort('br1', 'if-web');
        await host.must(`${web} --owner-datapath-uuid dp-br0`);
      },
      ask: 'vnctl interfaces show if-web',
      says: [/port if-web is on dp-br1, but the owner of if-web is dp-br0/],
      cure: 'vnctl interfaces modify if-web --owner-datapath-uuid dp-br1',
      cured: (host) => host.inEffect('if-web'),
    },
    {
      what: 'Open vSwitch cannot open the device of the port',
      seen: 'The guest reaches nobody, though its port is there.',
      make: async (host) => {
        await host.must(web);
        await host.host.vswitch.vsctl('add-port', 'br0', 'if-web', '--', 'set', 'interface', 'if-web', 'type=patch');
      },
      ask: 'vnctl interfaces show if-web',
      says: [/port if-web on dp-br0/, /Open vSwitch says: .*peer/],
      cure: 'ovs-vsctl del-port br0 if-web',
      cured: async (host) => {
        await host.wires.plug('if-web', 9);
        await host.arrives(reached);
      },
    },
    {
      what: "the link of the receiver's port is down",
      seen: 'A ping gets no answer; a trace of flows would say that it arrives.',
      make: (host) => host.link('if-veth2', 'down'),
      ask: 'vnctl trace --from if-veth1 --to 172.16.1.2',
      says: [/does not arrive/, /the link of port if-veth2 on dp-br0 is down/],
      silent: [/^arrives/m],
      cure: 'ip link set if-veth2 up',
      by: (host) => host.link('if-veth2', 'up'),
    },
    {
      what: "the link of the sender's port is down",
      seen: 'Nothing that the guest sends arrives anywhere.',
      make: (host) => host.link('if-veth1', 'down'),
      ask: 'vnctl interfaces show if-veth1',
      says: [/port if-veth1 on dp-br0 is administratively down/],
      cure: 'ip link set if-veth1 up',
      by: (host) => host.link('if-veth1', 'up'),
    },
    {
      what: 'two interfaces are meant to be at one port',
      seen: 'The second one is refused.',
      make: async () => {},
      ask: `vnctl ${web} --port-name if-veth1`,
      says: [/port_name if-veth1 .*is already used by .*if-veth1/],
      cure: 'vnctl interfaces show if-veth1',
    },
    {
      what: 'a gateway was registered as a guest',
      seen: 'Nothing is routed from the network.',
      make: async (host) => {
        await host.must('network add --uuid nw-net3 --ipv4-network 172.16.3.0/24');
        await host.must(
          'interface add --uuid if-gw3 --network-uuid nw-net3 --ipv4-address 172.16.3.254 --mac-address 52:54:00:74:00:03',
        );
        await host.must(
          'route add --uuid r-net3 --interface-uuid if-gw3 --route-link-uuid rl-router --ipv4-network 172.16.3.0/24',
        );
      },
      ask: 'vnctl explain r-net3',
      says: [/if-gw3 has mode vif; a gateway needs mode simulated/],
      cure: 'vnctl interfaces modify if-gw3 --mode simulated',
      cured: (host) => host.inEffect('r-net3'),
    },
    {
      what: 'the interface has no port any more',
      seen: 'A guest that worked reaches nobody.',
      make: (host) => host.must('interfaces ports del if-veth2'),
      ask: 'vnctl interfaces show if-veth2',
      says: [/interface if-veth2 has no port/],
      cure: 'vnctl interfaces ports add if-veth2 --port-name NAME',
      by: (host) => host.must('interfaces ports add if-veth2 --port-name if-veth2'),
    },
  ],
};
