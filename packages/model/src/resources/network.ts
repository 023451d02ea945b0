import { integer, ipv4Address, oneOf, reference, text } from '../field.ts';
import { resource } from '../resource.ts';
import { takePrefix } from './take-prefix.ts';

export const networkModes = ['physical', 'virtual', 'internal'] as const;

export const network = resource({
  kind: 'network',
  plural: 'networks',
  model: 'Network',
  idPrefix: 'nw',
  doc: 'An IPv4 network that interfaces on many hosts share. Networks may use the same addresses and never see each other.',
  fields: {
    display_name: text({ default: '', doc: 'Name shown to people.' }),
    domain_name: text({ optional: true, doc: 'DNS suffix of its hosts; the uuid without its prefix where not given.' }),
    segment_uuid: reference({
      to: 'segment',
      show: ['id'],
      optional: true,
      immutable: true,
      doc: 'The segment that carries it.',
    }),
    mode: oneOf(networkModes, {
      optional: true,
      immutable: true,
      aliases: ['network_mode'],
      doc: 'What it is: `virtual` (an overlay), `physical` (the network the hosts are in) or `internal` (never leaves a host).',
    }),
    ipv4_network: ipv4Address({
      immutable: true,
      doc: 'First address of the network; `172.16.1.0/24` gives the prefix too.',
    }),
    ipv4_prefix: integer({
      min: 1,
      max: 32,
      unit: 'bits',
      default: 24,
      immutable: true,
      doc: 'Length of the network part.',
    }),
    mtu: integer({
      min: 576,
      max: 9216,
      unit: 'bytes',
      optional: true,
      doc: 'Largest IPv4 packet that it takes: DHCP tells it to guests, routers keep to it. Nothing is said where not given.',
    }),
  },
  parameters: {
    topology_uuid: reference({ to: 'topology', optional: true, doc: 'The topology to which it is added.' }),
  },
  obsolete: ['editable', 'dc_network_uuid'],
  prepare: takePrefix,
  summary: ['uuid', 'display_name', 'ipv4_network', 'ipv4_prefix', 'mode', 'domain_name'],
});
