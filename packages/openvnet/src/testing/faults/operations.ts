import type { FaultGroup } from './fault.ts';

export const operations: FaultGroup = {
  title: 'Commands',
  faults: [
    {
      what: 'a uuid is mistyped',
      seen: 'vnctl says that there is no such object.',
      make: async () => {},
      ask: 'vnctl interface show if-vet1',
      says: [/if-vet1/, /if-veth1/],
      cure: 'vnctl interface show if-veth1',
    },
    {
      what: 'an option is mistyped',
      seen: 'vnctl refuses the command.',
      make: async () => {},
      ask: 'vnctl interface add --uuid if-web --ipv4-adress 172.16.1.10',
      says: [/--ipv4-adress/, /--ipv4-address/],
      cure: 'vnctl interface add --help',
    },
    {
      what: 'an object of another kind is named',
      seen: 'vnctl refuses the command.',
      make: async () => {},
      ask: 'vnctl trace --from nw-net1 --to 172.16.1.2',
      says: [/nw-net1/, /if-/],
      cure: 'vnctl interface list',
    },
    {
      what: 'an object is deleted that others need',
      seen: 'Guests lose their network.',
      make: async () => {},
      ask: 'vnctl network del nw-net2 --dry-run',
      says: [/if-veth3/, /if-gw2/, /r-net2/],
      cure: 'vnctl network del nw-net2',
      cured: async () => {},
    },
    {
      what: 'a referred object is not there yet',
      seen: 'The registration is refused.',
      make: async () => {},
      ask: 'vnctl interface add --uuid if-web --network-uuid nw-net9 --ipv4-address 172.16.9.1',
      says: [/nw-net9/],
      cure: 'vnctl network list',
    },
    {
      what: 'an address has a wrong form',
      seen: 'The registration is refused.',
      make: async () => {},
      ask: 'vnctl interface add --uuid if-web --network-uuid nw-net1 --ipv4-address 172.16.1.300',
      says: [/ipv4.address/, /172\.16\.1\.300/],
      cure: 'vnctl interface add --help',
    },
  ],
};
