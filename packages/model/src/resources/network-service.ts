import { integer, oneOf, reference, text } from '../field.ts';
import { resource } from '../resource.ts';

export const networkServiceModes = ['dhcp', 'dns', 'router'] as const;

export const networkService = resource({
  kind: 'network_service',
  plural: 'network_services',
  model: 'NetworkService',
  idPrefix: 'ns',
  doc: 'A service that a simulated interface offers to its network. Routing needs no service of mode `router`.',
  fields: {
    display_name: text({ optional: true, doc: 'Name shown to people.' }),
    interface_uuid: reference({
      to: 'interface',
      optional: true,
      immutable: true,
      doc: 'The simulated interface that offers the service.',
    }),
    incoming_port: integer({
      min: 0,
      max: 65535,
      optional: true,
      immutable: true,
      doc: 'Port on which the service listens.',
    }),
    outgoing_port: integer({
      min: 0,
      max: 65535,
      optional: true,
      immutable: true,
      doc: 'Port from which the service answers.',
    }),
    mode: oneOf(networkServiceModes, { immutable: true, aliases: ['type'], doc: 'Kind of service.' }),
  },
  // In 2013 the display name chose the kind of service.
  prepare: ({ mode, display_name, ...others }) => ({
    ...others,
    ...(display_name !== undefined && { display_name }),
    mode: mode ?? networkServiceModes.find((known) => known === display_name),
  }),
  ignoredChanges: ['interface_uuid', 'incoming_port', 'outgoing_port'],
});
