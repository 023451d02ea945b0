import { datagram, everyone } from '@openvnet/agent/testing';
import type { FaultGroup } from './fault.ts';
import type { FaultHost } from './host.ts';

/** A query for the address of a name. RFC 1035, 4.1. */
function query(name: string): Uint8Array {
  const labels = name.split('.').map((label) => Buffer.concat([Buffer.from([label.length]), Buffer.from(label)]));
  return Buffer.concat([Buffer.from('000101000001000000000000', 'hex'), ...labels, Buffer.from('0000010001', 'hex')]);
}

const gateway = { mac: 0x5254_0074_0001, ip: 0xac1001fe };
const asks = (host: FaultHost, name: string): Promise<unknown> =>
  host.wires.send('if-veth1', datagram(host.guest(1), gateway, [40_000, 53], query(name)));

/** A DNS service at the gateway of nw-net1. */
async function dns(host: FaultHost, more = ''): Promise<void> {
  await host.must('network-service add --uuid ns-dns --interface-uuid if-gw1 --mode dns');
  await host.must(`dns-service add --uuid dnss-1 --network-service-uuid ns-dns${more}`);
  await host.inEffect('ns-dns');
}

const offered = { ask: 'vnctl network-services show ns-dns' } as const;
const again = 'vnctl network-services add --interface-uuid if-gw1 --mode dhcp';

export const services: FaultGroup = {
  title: 'DHCP and DNS',
  faults: [
    {
      what: 'a service is at an interface that is not simulated',
      seen: 'Nobody gets an address by DHCP.',
      make: (host) => host.must('network-service add --uuid ns-dhcp --interface-uuid if-veth2 --mode dhcp'),
      ask: 'vnctl network-services show ns-dhcp',
      says: [/if-veth2 is of mode vif/, /simulated/],
      cure: `vnctl network-services del ns-dhcp && ${again}`,
    },
    {
      what: 'a service is at no interface',
      seen: 'Nobody gets an address by DHCP.',
      make: (host) => host.must('network-service add --uuid ns-dhcp --mode dhcp'),
      ask: 'vnctl network-services show ns-dhcp',
      says: [/ns-dhcp has no interface/],
      cure: `vnctl network-services del ns-dhcp && ${again}`,
    },
    {
      what: 'the guest asks for its address by DHCP, and none is leased to it',
      seen: 'The guest has no address, others have.',
      make: async (host) => {
        await host.must(`${again.slice('vnctl '.length)}`);
        await host.wires.plug('if-web', 9);
        await host.must('interface add --uuid if-web --mac-address 52:54:00:0d:84:10');
        await host.answers('vnctl trace --from if-web --to 172.16.1.1', [/has no IP lease/]);
        const guest = { mac: 0x5254_000d_8410, ip: 0 };
        const request = datagram(guest, { mac: everyone, ip: 0xffffffff }, [68, 67], new Uint8Array(300));
        await host.wires.send('if-web', request);
      },
      ask: 'vnctl interfaces show if-web',
      says: [/DHCP request, but if-web has no IP lease/],
      cure: 'vnctl ip-leases add --interface-uuid if-web --network-uuid NETWORK --ipv4-address ADDRESS',
      by: (host) => host.must('ip-lease add --interface-uuid if-web --network-uuid nw-net1 --ipv4-address 172.16.1.10'),
      cured: (host) => host.arrives('--from if-web --to 172.16.1.1'),
    },
    {
      what: 'a name is not known to the DNS service',
      seen: 'A guest says: name or service not known.',
      make: async (host) => {
        await dns(host);
        await asks(host, 'shop.net1');
      },
      ...offered,
      says: [/shop\.net1/, /ago/, /below net1/],
      cure: 'vnctl dns-services dns-records add dnss-1 --uuid dnsr-NAME --name shop.net1 --ipv4-address ADDRESS',
      by: (host) =>
        host.must('dns-service dns-record add dnss-1 --uuid dnsr-shop --name shop.net1 --ipv4-address 172.16.1.2'),
    },
    {
      what: 'a guest asks below another domain than its network has',
      seen: 'A guest says: temporary failure in name resolution.',
      make: async (host) => {
        await dns(host);
        await asks(host, 'veth2.example.org');
      },
      ...offered,
      says: [/veth2\.example\.org, which is not below net1/, /no public_dns/],
      cure: 'vnctl dns-services modify dnss-1 --public-dns ADDRESS',
      by: (host) => host.must('dns-service modify dnss-1 --public-dns 127.0.0.1'),
    },
    {
      what: 'the public DNS server cannot be reached',
      seen: 'Names of the network are found, others are not.',
      make: async (host) => {
        await dns(host, ' --public-dns 127.0.0.254');
        await asks(host, 'example.org');
      },
      ...offered,
      says: [/127\.0\.0\.254/, /example\.org/, /server (unreachable|silent)/],
      cure: 'vnctl dns-services modify dnss-1 --public-dns ADDRESS',
      by: (host) => host.must('dns-service modify dnss-1 --public-dns 127.0.0.1'),
    },
  ],
};
