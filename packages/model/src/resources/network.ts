import { integer, ipv4Address, oneOf, reference, text } from '../field.ts';
import { resource } from '../resource.ts';
import { takePrefix } from './take-prefix.ts';

export const networkModes = ['physical', 'virtual', 'internal'] as const;

export const network = resource({
  kind: 'network',
  plural: 'networks',
  model: 'Network',
  idPrefix: 'nw',
  doc: 'An IPv4 network that interfaces on many hosts share. Networks are isolated from each other, even if they use the same addresses.',
  fields: {
    display_name: text({ default: '', doc: 'Name shown to people.' }),
    domain_name: text({ optional: true, doc: 'DNS suffix of the network; by default its uuid without the prefix.' }),
    segment_uuid: reference({
      to: 'segment',
      show: ['id'],
      optional: true,
      immutable: true,
      doc: 'The segment that carries the network.',
    }),
    mode: oneOf(networkModes, {
      optional: true,
      immutable: true,
      aliases: ['network_mode'],
      doc: '`virtual` (an overlay), `physical` (the network of the hosts) or `internal` (never leaves a host).',
    }),
    ipv4_network: ipv4Address({
      immutable: true,
      doc: 'First address of the network; `172.16.1.0/24` sets the prefix too.',
    }),
    ipv4_prefix: integer({
      min: 1,
      max: 32,
      unit: 'bits',
      default: 24,
      immutable: true,
      doc: 'Prefix length.',
    }),
    mtu: integer({
      min: 576,
      max: 9216,
      unit: 'bytes',
      optional: true,
      doc: 'Size of the largest IPv4 packet: DHCP announces it, and routers obey it. By default, DHCP announces what the tunnels between the hosts of the network take.',
    }),
  },
  parameters: {
    topology_uuid: reference({ to: 'topology', optional: true, doc: 'A topology to add it to.' }),
  },
  obsolete: ['editable', 'dc_network_uuid'],
  prepare: takePrefix,
  summary: ['uuid', 'display_name', 'ipv4_network', 'ipv4_prefix', 'mode', 'domain_name'],
});
