import type { FaultGroup } from './fault.ts';
import type { FaultHost } from './host.ts';

const physical = 'network add --uuid nw-wire --mode physical --ipv4-network 10.0.10.0/24';

/** A route from the router to the physical network, by a gateway there. */
async function wire(host: FaultHost, uplink = true): Promise<void> {
  await host.must(physical);
  await host.wires.plug('eth1', 9);
  if (uplink)
    await host.must(
      'interface add --uuid if-host --mode host --port-name eth1 --network-uuid nw-wire --ipv4-address 10.0.10.5 --mac-address 52:54:00:00:0a:05',
    );
  await host.must(
    'interface add --uuid if-gw --mode simulated --network-uuid nw-wire --ipv4-address 10.0.10.254 --mac-address 52:54:00:00:0a:fe',
  );
  await host.must('route add --uuid r-out --interface-uuid if-gw --route-link-uuid rl-router --ipv4-network 0.0.0.0/0');
  await host.host.settled();
}

export const outside: FaultGroup = {
  title: 'Physical networks and segments',
  faults: [
    {
      what: 'a physical network has no uplink',
      seen: 'Guests do not reach stations outside.',
      make: (host) => wire(host, false),
      ask: 'vnctl trace --from if-veth1 --to 10.0.10.7',
      says: [/nw-wire/, /no uplink/],
      cure: 'vnctl interfaces add --mode host --network-uuid nw-wire --port-name PORT --ipv4-address ADDRESS',
      by: (host) =>
        host.must(
          'interface add --mode host --port-name eth1 --network-uuid nw-wire --ipv4-address 10.0.10.5 --mac-address 52:54:00:00:0a:05',
        ),
      cured: async (host) => {
        await host.answers('vnctl trace --from if-veth1 --to 10.0.10.7', [/waits until 10\.0\.10\.7/]);
      },
    },
    {
      what: 'the next router does not answer',
      seen: 'Guests reach the physical network, and nothing behind it.',
      make: (host) => wire(host),
      ask: 'vnctl trace --from if-veth1 --to 192.0.2.1',
      says: [/10\.0\.10\.1/, /nw-wire/, /r-out/],
      cure: 'vnctl routes del r-out && vnctl routes add --interface-uuid if-gw --route-link-uuid rl-router --network-uuid nw-wire --ipv4-network 0.0.0.0/0 --next-hop-ipv4-address ADDRESS',
      by: async (host) => {
        await host.must('route del r-out');
        await host.must(
          'route add --uuid r-out --interface-uuid if-gw --route-link-uuid rl-router --network-uuid nw-wire --ipv4-network 0.0.0.0/0 --next-hop-ipv4-address 10.0.10.2',
        );
      },
      cured: async (host) => {
        await host.answers('vnctl trace --from if-veth1 --to 192.0.2.1', [/10\.0\.10\.2 /]);
      },
    },
    {
      what: 'two physical networks are on one wire',
      seen: 'One of the networks is not reached.',
      make: async (host) => {
        await wire(host);
        await host.must('network add --uuid nw-second --mode physical --ipv4-network 10.0.20.0/24');
        await host.must('datapath network add dp-br0 nw-second --interface-uuid if-host');
      },
      ask: 'vnctl interfaces show if-host',
      says: [/nw-wire/, /nw-second/, /eth1/],
      cure: 'vnctl datapaths networks del dp-br0 nw-second',
      cured: (host) => host.inEffect('if-host'),
    },
    {
      what: 'the guest that is asked for is in another segment',
      seen: 'A ping says: destination host unreachable.',
      make: async (host) => {
        await host.must('segment add --uuid seg-a --mode virtual');
        await host.must('segment add --uuid seg-b --mode virtual');
        await host.must('network add --uuid nw-seg --ipv4-network 10.0.30.0/24 --segment-uuid seg-a');
        await host.wires.plug('if-one', 10);
        await host.wires.plug('if-two', 11);
        await host.must('interface add --uuid if-one --network-uuid nw-seg --ipv4-address 10.0.30.1');
        await host.must('interface add --uuid if-two --segment-uuid seg-b --mac-address 52:54:00:00:1e:02');
      },
      ask: 'vnctl trace --from if-one --to 10.0.30.2',
      says: [/nobody in nw-seg has 10\.0\.30\.2/],
      cure: 'vnctl interfaces add --network-uuid nw-seg --ipv4-address 10.0.30.2 --port-name PORT',
      by: async (host) => {
        await host.must('interface del if-two');
        await host.must('interface add --uuid if-two --network-uuid nw-seg --ipv4-address 10.0.30.2');
      },
      cured: (host) => host.arrives('--from if-one --to 10.0.30.2'),
    },
  ],
};
