import { ipv4List, reference } from '../field.ts';
import { resource } from '../resource.ts';

export const dnsService = resource({
  kind: 'dns_service',
  plural: 'dns_services',
  model: 'DnsService',
  idPrefix: 'dnss',
  doc: 'Records and public servers of a network service of mode `dns`. The service also answers the names of interfaces.',
  fields: {
    public_dns: ipv4List({
      optional: true,
      doc: 'Servers that resolve all other names.',
    }),
    network_service_uuid: reference({
      to: 'network_service',
      immutable: true,
      doc: 'The network service, of mode `dns`.',
    }),
  },
});
