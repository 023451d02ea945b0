import { reference, text } from '../field.ts';
import { resource } from '../resource.ts';

export const dnsService = resource({
  kind: 'dns_service',
  plural: 'dns_services',
  model: 'DnsService',
  idPrefix: 'dnss',
  doc: 'What a network service of mode `dns` answers, beside the names of interfaces.',
  fields: {
    public_dns: text({
      optional: true,
      doc: 'Servers that are asked for all other names: IPv4 addresses with commas between them.',
    }),
    network_service_uuid: reference({
      to: 'network_service',
      immutable: true,
      doc: 'The network service; its mode is `dns`.',
    }),
  },
  prepare: ({ public_dns, ...others }) => ({
    ...others,
    ...(public_dns !== undefined && {
      public_dns: typeof public_dns === 'string' ? public_dns.replace(/\s/g, '') : public_dns,
    }),
  }),
});
