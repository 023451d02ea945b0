import { integer, ipv4Address, reference, text } from '../field.ts';
import { resource } from '../resource.ts';

export const dnsRecord = resource({
  kind: 'dns_record',
  plural: 'dns_records',
  model: 'DnsRecord',
  idPrefix: 'dnsr',
  uuidRequired: true,
  doc: 'A name and its address.',
  nested: { of: 'dns_service', name: 'dns_records' },
  fields: {
    dns_service_uuid: reference({ to: 'dns_service', show: ['id'], immutable: true, doc: 'The DNS service.' }),
    name: text({
      immutable: true,
      placeholder: 'NAME',
      doc: 'The name, with or without the domain of the network.',
    }),
    ipv4_address: ipv4Address({ optional: true, immutable: true, numeric: true, doc: 'Its address.' }),
    ttl: integer({
      min: 0,
      max: 0x7fff_ffff,
      unit: 'seconds',
      optional: true,
      immutable: true,
      doc: 'How long clients may cache the answer; 300 if not given.',
    }),
  },
});
