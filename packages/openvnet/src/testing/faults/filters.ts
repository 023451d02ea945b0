import type { FaultGroup } from './fault.ts';

const routed = '--from if-veth1 --to 172.16.2.3';
const web = '--from if-veth1 --to 172.16.1.2 tcp/80';

export const filters: FaultGroup = {
  title: 'Filters and translations',
  faults: [
    {
      what: 'an interface filters and has no filter',
      seen: 'Nothing passes.',
      make: (host) => host.must('interface modify if-veth2 --enable-filtering'),
      ask: `vnctl trace ${web}`,
      says: [/if-veth2/, /no filter/, /ingress/],
      cure: 'vnctl interfaces modify if-veth2 --enable-filtering false',
      cured: (host) => host.arrives(web),
    },
    {
      what: 'no rule lets the service in',
      seen: 'Connections to the server time out.',
      make: async (host) => {
        await host.must('filter add --uuid fil-web --interface-uuid if-veth2 --mode static --egress-passthrough true');
        await host.must('interface modify if-veth2 --enable-filtering');
      },
      ask: `vnctl trace ${web}`,
      says: [/fil-web/, /ingress/, /no rule|default/],
      cure: 'vnctl filters static add fil-web --protocol tcp --src-address 172.16.1.1 --dst-port 80 --action pass',
      cured: (host) => host.arrives(web),
    },
    {
      what: 'no rule lets the guest send',
      seen: 'The guest reaches nobody.',
      make: async (host) => {
        await host.must('filter add --uuid fil-out --interface-uuid if-veth1 --mode static --ingress-passthrough true');
        await host.must('interface modify if-veth1 --enable-filtering');
      },
      ask: `vnctl trace ${web}`,
      says: [/fil-out/, /egress/],
      cure: 'vnctl filters modify fil-out --egress-passthrough true',
      cured: (host) => host.arrives(web),
    },
    {
      what: 'a rule drops the packet',
      seen: 'Connections to the server time out.',
      make: async (host) => {
        await host.must(
          'filter add --uuid fil-web --interface-uuid if-veth2 --mode static --ingress-passthrough true --egress-passthrough true',
        );
        await host.must('filter static add fil-web --protocol tcp --dst-port 80 --action drop');
        await host.must('interface modify if-veth2 --enable-filtering');
      },
      ask: `vnctl trace ${web}`,
      says: [/fil-web/, /tcp/, /80/],
      cure: 'vnctl filters static del fil-web --protocol tcp --dst-port 80',
      cured: (host) => host.arrives(web),
    },
    {
      what: 'the filter is there, and its interface does not filter',
      seen: 'Everything passes.',
      make: (host) => host.must('filter add --uuid fil-web --interface-uuid if-veth2 --mode static'),
      ask: 'vnctl explain fil-web',
      says: [/if-veth2/, /enable_filtering/],
      cure: 'vnctl interfaces modify if-veth2 --enable-filtering',
      cured: (host) => host.inEffect('fil-web'),
    },
    {
      what: 'a translation is at an interface that does not translate',
      seen: 'Addresses are not translated.',
      make: (host) => host.must('translation add --uuid tr-web --interface-uuid if-gw2 --mode static_address'),
      ask: 'vnctl explain tr-web',
      says: [/if-gw2/, /enable_route_translation/],
      cure: 'vnctl interfaces modify if-gw2 --enable-route-translation',
      cured: (host) => host.inEffect('tr-web'),
    },
    {
      what: 'a translation is at an interface of no router',
      seen: 'Addresses are not translated.',
      make: async (host) => {
        await host.must(
          'interface add --uuid if-out --mode simulated --network-uuid nw-net1 --ipv4-address 172.16.1.250 --mac-address 52:54:00:74:00:09 --enable-route-translation true',
        );
        await host.must('translation add --uuid tr-web --interface-uuid if-out --mode static_address');
      },
      ask: 'vnctl explain tr-web',
      says: [/if-out/, /no router|no route/],
      cure: 'vnctl routes add --interface-uuid if-out --route-link-uuid rl-router --ipv4-network NETWORK/PREFIX',
      by: (host) =>
        host.must('route add --interface-uuid if-out --route-link-uuid rl-router --ipv4-network 172.16.7.0/24'),
      cured: (host) => host.inEffect('tr-web'),
    },
    {
      what: 'no entry translates the address of the guest',
      seen: 'Nothing is routed at the gateway any more.',
      make: async (host) => {
        await host.must('interface modify if-gw2 --enable-route-translation');
        await host.must('translation add --uuid tr-web --interface-uuid if-gw2 --mode static_address');
      },
      ask: `vnctl trace ${routed}`,
      says: [/172\.16\.1\.1/, /tr-web/, /if-gw2/],
      cure: 'vnctl translations modify tr-web --passthrough true',
      cured: (host) => host.arrives(routed),
    },
    {
      what: 'an interface translates and has no translation',
      seen: 'Nothing is routed at the gateway any more.',
      make: (host) => host.must('interface modify if-gw2 --enable-route-translation'),
      ask: `vnctl trace ${routed}`,
      says: [/if-gw2/, /no translation/],
      cure: 'vnctl interfaces modify if-gw2 --enable-route-translation false',
      cured: (host) => host.arrives(routed),
    },
    {
      what: 'the entry of a translation is of another router',
      seen: 'Addresses are not translated.',
      make: async (host) => {
        await host.must('route-link add --uuid rl-other --mac-address 52:54:00:60:11:12');
        await host.must('interface modify if-gw2 --enable-route-translation');
        await host.must(
          'ip-lease add --interface-uuid if-gw2 --network-uuid nw-net2 --ipv4-address 172.16.2.100 --enable-routing',
        );
        await host.must('translation add --uuid tr-web --interface-uuid if-gw2 --mode static_address');
        await host.must(
          'translation static-address add tr-web --ingress-ipv4-address 172.16.2.100 --egress-ipv4-address 172.16.1.1 --route-link-uuid rl-other',
        );
      },
      ask: `vnctl trace ${routed}`,
      says: [/172\.16\.1\.1/, /tr-web/, /rl-other only/, /rl-router/],
      cure: 'vnctl translations static-address del tr-web --ingress-ipv4-address 172.16.2.100 --egress-ipv4-address 172.16.1.1 && vnctl translations static-address add tr-web --ingress-ipv4-address 172.16.2.100 --egress-ipv4-address 172.16.1.1',
      cured: (host) => host.answers(`vnctl trace ${routed}`, [/delivered to if-veth3/]).then(() => {}),
    },
  ],
};
