import { boolean, ipv4Address, reference } from '../field.ts';
import { resource } from '../resource.ts';

const macLease = reference({
  to: 'mac_lease',
  optional: true,
  doc: 'The MAC lease; by default the first of the interface.',
});
const holder = reference({
  to: 'interface',
  optional: true,
  doc: 'The interface; by default that of the MAC lease.',
});

export const ipLease = resource({
  kind: 'ip_lease',
  plural: 'ip_leases',
  model: 'IpLease',
  idPrefix: 'il',
  doc: 'An IPv4 address of an interface in a network, through one of its MAC leases. A lease without an interface is free.',
  fields: {
    enable_routing: boolean({ default: false, doc: 'Whether packets to the address are routed instead of delivered.' }),
    network_uuid: reference({ to: 'network', immutable: true, doc: 'The network of the address.' }),
    ipv4_address: ipv4Address({ immutable: true, doc: 'The address; it must lie in the network.' }),
    mac_lease_uuid: { ...macLease, immutable: true },
    interface_uuid: { ...holder, immutable: true },
  },
  actions: {
    attach: {
      method: 'PUT',
      doc: 'Attaches a free lease to an interface.',
      parameters: { interface_uuid: holder, mac_lease_uuid: macLease },
      needsOne: true,
      answers: 'ip_lease',
    },
    release: {
      method: 'PUT',
      doc: 'Releases the lease from its interface; the lease stays and is free.',
      parameters: {},
      answers: 'ip_lease',
    },
  },
  unique: [{ columns: ['network_id', 'ipv4_address'], error: 'argument' }],
  obsolete: ['ip_address'],
});
