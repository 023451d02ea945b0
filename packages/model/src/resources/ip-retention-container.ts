import { integer } from '../field.ts';
import { resource } from '../resource.ts';

const seconds = { min: 0, max: 0x7fff_ffff, unit: 'seconds', optional: true } as const;

export const ipRetentionContainer = resource({
  kind: 'ip_retention_container',
  plural: 'ip_retention_containers',
  model: 'IpRetentionContainer',
  idPrefix: 'irc',
  doc: 'Limits the lifetime of the IP leases of its lease policies.',
  fields: {
    lease_time: integer({ ...seconds, doc: 'How long an interface holds a lease; unlimited if not given.' }),
    grace_time: integer({
      ...seconds,
      doc: 'How long the address stays reserved after release; unlimited if not given.',
    }),
  },
});
