import { integer, ipv4Address, oneOf, parsePrefix, reference, text } from '../field.ts';
import { resource } from '../resource.ts';

const prefix = { min: 0, max: 32, unit: 'bits', default: 0, immutable: true } as const;
const port = { min: 0, max: 65_535, optional: true, immutable: true } as const;

/**
 * Writes the prefix of an address, which is given behind a slash, as a parameter of its own: 32 if there is none; and
 * `all`, as the filters guide of the original has it, as `ip`.
 */
function inOneWay(given: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const found: Record<string, unknown> = {};
  for (const side of ['src', 'dst']) {
    const address = given[`${side}_address`];
    if (typeof address !== 'string' || given[`${side}_prefix`] !== undefined) continue;
    const written = address.split('/')[1];
    found[`${side}_prefix`] = written === undefined ? 32 : (parsePrefix(written) ?? written);
  }
  return { ...given, ...found, ...(given.protocol === 'all' && { protocol: 'ip' }) };
}

export const filterStatic = resource({
  kind: 'filter_static',
  plural: 'filter_statics',
  model: 'FilterStatic',
  doc: 'A filter rule: the packets that it matches, and an action. The longest prefix wins.',
  nested: { of: 'filter', name: 'static', removedBy: ['protocol'] },
  fields: {
    filter_uuid: reference({ to: 'filter', show: ['id'], immutable: true, doc: 'The filter.' }),
    protocol: oneOf(['tcp', 'udp', 'icmp', 'arp', 'ip', 'all'], {
      immutable: true,
      doc: 'Protocol to match; `all` means `ip`.',
    }),
    src_address: ipv4Address({
      default: 0,
      immutable: true,
      doc: 'Address of the other side, in both directions, with a prefix: `10.0.0.0/8`; any address if not given.',
    }),
    src_prefix: integer({
      ...prefix,
      doc: 'Prefix length of `src_address`, if the address does not include it.',
    }),
    dst_address: ipv4Address({
      default: 0,
      immutable: true,
      doc: 'Address of the interface; any address if not given.',
    }),
    dst_prefix: integer({
      ...prefix,
      doc: 'Prefix length of `dst_address`, if the address does not include it.',
    }),
    src_port: integer({ ...port, doc: 'Port of the other side, for tcp and udp; any port if 0 or not given.' }),
    dst_port: integer({ ...port, doc: 'Port of the interface, for tcp and udp; any port if 0 or not given.' }),
    action: oneOf(['pass', 'drop', 'conn'], {
      immutable: true,
      doc: '`pass`, `drop`, or `conn`: the interface may open connections, and packets that answer them pass.',
    }),
    description: text({ optional: true, immutable: true, doc: 'What it is for.' }),
  },
  prepare: inOneWay,
  housekeeping: false,
});
