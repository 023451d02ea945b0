import { derivation } from '../engine/feature.ts';

const dnsPort = 53;

/** The addresses that the switch answers for, with the services there; few, so that a guest's item may look at them all. */
export const stations = derivation({
  into: 'station',
  doc: 'Addresses of simulated interfaces, with the network services that they offer.',
  source: { of: 'attachment', when: ({ port }) => port === null },
  select: (view, id) => {
    const { network_id, domain_id, interface_id, mac, ip } = view.get('attachment', id)!;
    const services = view.where('network_service', 'interface_id', interface_id);
    const dns = services.find(({ mode }) => mode === 'dns');
    return {
      id,
      network_id,
      domain_id,
      interface_id,
      mac,
      ip,
      dhcp: services.some(({ mode }) => mode === 'dhcp'),
      dns_service: dns?.id ?? null,
      dns_port: dns ? (dns.incoming_port ?? dnsPort) : null,
    };
  },
});
