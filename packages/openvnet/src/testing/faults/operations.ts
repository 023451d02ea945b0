import type { FaultGroup } from './fault.ts';

export const operations: FaultGroup = {
  title: 'Commands',
  faults: [
    {
      what: 'a uuid is mistyped',
      seen: 'vnctl says that there is no such object.',
      make: async () => {},
      ask: 'vnctl interface show if-vet1',
      says: [/There is no such interface\. Did you mean if-veth1\?/],
      cure: 'vnctl interfaces show if-veth1',
    },
    {
      what: 'an option is mistyped',
      seen: 'vnctl refuses the command.',
      make: async () => {},
      ask: 'vnctl interface add --uuid if-web --ipv4-adress 172.16.1.10',
      says: [/unknown option '--ipv4-adress'; did you mean --ipv4-address\?/],
      cure: 'vnctl interfaces add --help',
    },
    {
      what: 'an object of another kind is named',
      seen: 'vnctl refuses the command.',
      make: async () => {},
      ask: 'vnctl trace --from nw-net1 --to 172.16.1.2',
      says: [/Interface#from: nw-net1/, /from: expected if-/],
      cure: 'vnctl interfaces show',
    },
    {
      what: 'an object is deleted that others need',
      seen: 'Guests lose their network.',
      make: async () => {},
      ask: 'vnctl networks del nw-net2 --no-cascade',
      says: [/nw-net2 is used by r-net2 and \d+ more|nw-net2 is used by il-\w+ and \d+ more/],
      cure: 'vnctl networks del nw-net2 --dry-run',
    },
    {
      what: 'nobody knows what goes with an object',
      seen: 'More is gone than was meant.',
      make: async () => {},
      ask: 'vnctl networks del nw-net2 --dry-run',
      says: [
        /nw-net2 would be deleted, and with it:/,
        /ip lease il-\S+ \(.*interface_uuid if-veth3/,
        /interface_uuid if-gw2/,
        /route r-net2/,
      ],
      cure: 'vnctl networks del nw-net2',
      cured: async (host) => {
        if ((await host.vnctl('routes show r-net2')).code === 0) throw new Error('its route is still there');
      },
    },
    {
      what: 'a referred object is not there yet',
      seen: 'The registration is refused.',
      make: async () => {},
      ask: 'vnctl interface add --uuid if-web --network-uuid nw-net9 --ipv4-address 172.16.9.1',
      says: [/network_uuid: nw-net9/, /There is no such network\. Did you mean nw-net1\?/],
      cure: 'vnctl networks add --uuid nw-net9 --ipv4-network ADDRESS',
      by: (host) => host.must('networks add --uuid nw-net9 --ipv4-network 172.16.9.0'),
    },
    {
      what: 'an address has a wrong form',
      seen: 'The registration is refused.',
      make: async () => {},
      ask: 'vnctl interface add --uuid if-web --network-uuid nw-net1 --ipv4-address 172.16.1.300',
      says: [/172\.16\.1\.300/, /ipv4_address: expected four numbers from 0 to 255/],
      cure: 'vnctl interfaces add --help',
    },
  ],
};
