import { address, arpRequest, datagram, everyone, until } from '@openvnet/agent/testing';
import type { FaultGroup } from './fault.ts';

export const addresses: FaultGroup = {
  title: 'Addresses of guests',
  faults: [
    {
      what: 'the guest uses another address than its lease',
      seen: 'The guest reaches nobody.',
      make: (host) => host.ping(1, 2, { ip: address('172.16.1.77') }),
      ask: 'vnctl trace --from if-veth1 --to 172.16.1.2',
      says: [/source 172\.16\.1\.77/, /ago/, /172\.16\.1\.1/],
      cure: 'vnctl interfaces modify if-veth1 --ipv4-address 172.16.1.77',
    },
    {
      what: 'the guest uses another MAC address than its lease',
      seen: 'The guest reaches nobody.',
      make: (host) => host.ping(1, 2, { mac: 0x5254000d84aa }),
      ask: 'vnctl interfaces show if-veth1',
      says: [/52:54:00:0d:84:aa/, /52:54:00:0d:84:01/, /ago/],
      cure: 'vnctl interfaces modify if-veth1 --mac-address 52:54:00:0d:84:aa',
      cured: (host) => host.inEffect('if-veth1'),
    },
    {
      what: 'the guest takes an address of another network for one of its own',
      seen: 'The guest does not reach the other network.',
      make: async (host) => {
        await host.wires.send('if-veth1', arpRequest(host.guest(1), address('172.16.2.3')));
      },
      ask: 'vnctl interfaces show if-veth1',
      says: [/if-veth1 asks for 172\.16\.2\.3, which is outside nw-net1/, /netmask or route/],
      cure: 'ip route replace 172.16.2.0/24 via 172.16.1.254',
      by: async () => {},
    },
    {
      what: 'the guest asks for an address that nobody has',
      seen: 'A ping says: destination host unreachable.',
      make: async (host) => {
        await host.wires.send('if-veth1', arpRequest(host.guest(1), address('172.16.1.99')));
      },
      ask: 'vnctl trace --from if-veth1 --to 172.16.1.99',
      says: [/172\.16\.1\.99/, /nw-net1/],
      cure: 'vnctl interfaces add --network-uuid nw-net1 --ipv4-address 172.16.1.99 --port-name PORT',
      by: async (host) => {
        await host.must('interface add --uuid if-new --network-uuid nw-net1 --ipv4-address 172.16.1.99');
        await host.wires.plug('if-new', 9);
      },
      cured: (host) => host.arrives('--from if-veth1 --to 172.16.1.99'),
    },
    {
      what: 'the guest asks for its address by DHCP, and the network has no DHCP service',
      seen: 'The guest has no address.',
      make: async (host) => {
        const guest = { mac: host.guest(1).mac, ip: 0 };
        await host.wires.send(
          'if-veth1',
          datagram(guest, { mac: everyone, ip: 0xffffffff }, [68, 67], new Uint8Array(300)),
        );
      },
      ask: 'vnctl interfaces show if-veth1',
      says: [/DHCP/, /nw-net1 has no dhcp service/],
      cure: 'vnctl network-services add --interface-uuid if-gw1 --mode dhcp',
    },
    {
      what: 'an address is registered twice',
      seen: 'The registration is refused.',
      make: async () => {},
      ask: 'vnctl interfaces add --uuid if-web --network-uuid nw-net1 --ipv4-address 172.16.1.1 --mac-address 52:54:00:0d:84:10',
      says: [/172\.16\.1\.1/, /if-veth1/],
      cure: 'vnctl interfaces show if-veth1',
    },
    {
      what: 'a MAC address is registered twice',
      seen: 'The registration is refused.',
      make: async () => {},
      ask: 'vnctl interfaces add --uuid if-web --network-uuid nw-net1 --ipv4-address 172.16.1.10 --mac-address 52:54:00:0d:84:01',
      says: [/52:54:00:0d:84:01/, /if-veth1/],
      cure: 'vnctl interfaces show if-veth1',
    },
    {
      what: 'the interface has no address',
      seen: 'The guest reaches nobody.',
      make: async (host) => {
        await host.wires.plug('if-web', 9);
        await host.must('interface add --uuid if-web --mac-address 52:54:00:0d:84:10');
      },
      ask: 'vnctl trace --from if-web --to 172.16.1.1',
      says: [/if-web has no IP lease/],
      cure: 'vnctl ip-leases add --interface-uuid if-web --network-uuid NETWORK --ipv4-address ADDRESS',
      by: (host) => host.must('ip-lease add --interface-uuid if-web --network-uuid nw-net1 --ipv4-address 172.16.1.10'),
      cured: (host) => host.arrives('--from if-web --to 172.16.1.1'),
    },
    {
      what: 'the address is not one of the network',
      seen: 'The registration is refused.',
      make: async () => {},
      ask: 'vnctl interfaces add --uuid if-web --network-uuid nw-net1 --ipv4-address 172.16.9.10',
      says: [/172\.16\.9\.10/, /an address of nw-net1 \(172\.16\.1\.0\/24\)/],
      cure: 'vnctl interfaces add --network-uuid nw-net1',
    },
    {
      what: 'the guest has never sent anything',
      seen: 'A ping to it gets no answer, though all is in effect.',
      make: async () => {},
      ask: 'vnctl trace --from if-veth1 --to 172.16.1.2',
      says: [/no frame of if-veth1/],
      cure: 'ip link set DEVICE address 52:54:00:0d:84:01 up && ip addr add 172.16.1.1/24 dev DEVICE',
      by: (host) => host.ping(1, 2),
      cured: async (host) => {
        await until(async () => {
          const { text } = await host.vnctl('trace --from if-veth1 --to 172.16.1.2');
          return !text.includes('no frame of if-veth1') || text;
        });
      },
    },
    {
      what: 'the guest broadcasts, and a filtered guest does not hear it',
      seen: 'A discovery protocol finds nobody.',
      make: (host) => host.must('interface modify if-veth2 --enable-filtering'),
      ask: 'vnctl trace --from if-veth1 --to 255.255.255.255',
      says: [/if-veth2 filters, and may not receive it/],
      cure: 'vnctl interfaces modify if-veth2 --enable-filtering false',
      cured: async (host) => {
        await until(async () => {
          const { text } = await host.vnctl('trace --from if-veth1 --to 255.255.255.255');
          return text.includes('delivered to if-veth2') || text;
        });
      },
    },
  ],
};
