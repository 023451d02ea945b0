import type { FaultGroup } from './fault.ts';

const routed = '--from if-veth1 --to 172.16.2.3';
const ask = `vnctl trace ${routed}`;
const cured: NonNullable<FaultGroup['faults'][number]['cured']> = (host) => host.arrives(routed);

export const routing: FaultGroup = {
  title: 'Routing',
  faults: [
    {
      what: 'the route to the network is missing',
      seen: 'Guests of one network do not reach the other.',
      make: (host) => host.must('route del r-net2'),
      ask,
      says: [/nw-net2/, /rl-router/],
      cure: 'vnctl routes add --interface-uuid if-gw2 --route-link-uuid rl-router --network-uuid nw-net2 --ipv4-network 172.16.2.0/24',
      cured,
    },
    {
      what: 'the route back is missing',
      seen: 'Requests arrive, answers do not.',
      make: (host) => host.must('route del r-net1'),
      ask,
      says: [/if-gw1|nw-net1/],
      cure: 'vnctl routes add --interface-uuid if-gw1 --route-link-uuid rl-router --network-uuid nw-net1 --ipv4-network 172.16.1.0/24',
      cured,
    },
    {
      what: 'the network has no gateway',
      seen: 'Guests reach their own network only.',
      make: (host) => host.must('interface del if-gw1'),
      ask,
      says: [/nw-net1 has no gateway/],
      cure: 'vnctl router add --network nw-net1 --route-link-uuid rl-router',
      cured,
    },
    {
      what: 'the route lets nothing out',
      seen: 'Guests do not reach the network of the route.',
      make: (host) => host.must('route modify r-net2 --egress false'),
      ask,
      says: [/r-net2/, /egress/],
      cure: 'vnctl routes modify r-net2 --egress',
      cured,
    },
    {
      what: 'the route lets nothing in',
      seen: 'Guests of its network reach no other.',
      make: (host) => host.must('route modify r-net1 --ingress false'),
      ask,
      says: [/r-net1/, /ingress/],
      cure: 'vnctl routes modify r-net1 --ingress true',
      cured,
    },
    {
      what: 'the two routes are of different routers',
      seen: 'The networks do not reach each other, though each has a route.',
      make: async (host) => {
        await host.must('route-link add --uuid rl-other --mac-address 52:54:00:60:11:12');
        await host.must('route del r-net2');
        await host.must(
          'route add --uuid r-net2 --interface-uuid if-gw2 --route-link-uuid rl-other --ipv4-network 172.16.2.0/24',
        );
      },
      ask,
      says: [/r-net2/, /rl-other/, /rl-router/],
      cure: 'vnctl routes del r-net2 && vnctl routes add --interface-uuid if-gw2 --route-link-uuid rl-router --network-uuid nw-net2 --ipv4-network 172.16.2.0/24',
      cured,
    },
    {
      what: 'the gateway of a route is in another network',
      seen: 'What is routed there gets no answer.',
      make: async (host) => {
        await host.must('route del r-net2');
        await host.must(
          'route add --uuid r-net2 --interface-uuid if-gw1 --route-link-uuid rl-router --network-uuid nw-net2 --ipv4-network 172.16.2.0/24',
        );
      },
      ask,
      says: [/r-net2/, /if-gw1/, /nw-net1/],
      cure: 'vnctl routes del r-net2 && vnctl routes add --interface-uuid if-gw2 --route-link-uuid rl-router --network-uuid nw-net2 --ipv4-network 172.16.2.0/24',
      cured,
    },
    {
      what: 'the route is narrower than its network',
      seen: 'Some guests of the network are reached, others are not.',
      make: async (host) => {
        await host.must('route del r-net2');
        await host.must(
          'route add --uuid r-net2 --interface-uuid if-gw2 --route-link-uuid rl-router --ipv4-network 172.16.2.0/31',
        );
      },
      ask,
      says: [/172\.16\.2\.3/, /r-net2/, /172\.16\.2\.0\/31/],
      cure: 'vnctl routes del r-net2 && vnctl routes add --interface-uuid if-gw2 --route-link-uuid rl-router --network-uuid nw-net2 --ipv4-network 172.16.2.0/24',
      cured,
    },
    {
      what: 'a packet that may not be fragmented is larger than the network that it leaves to',
      seen: 'Small requests arrive, large answers do not.',
      make: (host) => host.must('network modify nw-net2 --mtu 1000'),
      ask: `${ask} --size 1400`,
      says: [/nw-net2/, /1000/, /don't-fragment|don't fragment/],
      cure: 'vnctl networks modify nw-net2 --mtu 1400',
      cured: (host) => host.arrives(`${routed} --size 1400`),
    },
    {
      what: 'nobody has the address in the other network',
      seen: 'A ping says: destination host unreachable.',
      make: async () => {},
      ask: 'vnctl trace --from if-veth1 --to 172.16.2.99',
      says: [/172\.16\.2\.99/, /nw-net2/],
      cure: 'vnctl interfaces add --network-uuid nw-net2 --ipv4-address 172.16.2.99 --port-name PORT',
      by: async (host) => {
        await host.must('interface add --uuid if-new --network-uuid nw-net2 --ipv4-address 172.16.2.99');
        await host.wires.plug('if-new', 9);
      },
      cured: (host) => host.arrives('--from if-veth1 --to 172.16.2.99'),
    },
  ],
};
