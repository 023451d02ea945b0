import { feature } from '../engine/feature.ts';
import { segmentDomain } from '../pipeline/domain-numbers.ts';
import { type Flow, load, priority } from '../pipeline/flow.ts';
import { isAcrossWire } from './edges.ts';
import { macOfAnother, ofAnother } from './identity.ts';

/** After what the guard takes by IP address, before what an uplink takes of anybody and what the guard refuses. */
const admitted = priority.low + 3;

/** Segments: a guest may send anything there from its own MAC address. What it sends from an IP lease is in that network. */
export const segment = feature({
  name: 'segment',
  doc: 'Accepts frames with the leased MAC address of their port into the segment of the lease.',
  cookie: 9,
  says: {
    admit: ({ interface_uuid, match, sets }) =>
      `${interface_uuid} may send from ${match.eth_src}; the packet is in ${sets.domain}`,
    uplink: ofAnother,
  },
  source: { of: 'mac_lease', when: ({ segment_id }) => segment_id !== null },
  select: (view, id) => {
    const { interface_id, mac_address: mac, segment_id } = view.get('mac_lease', id)!;
    const port = view.get('binding', interface_id)?.port;
    const domain = segmentDomain(segment_id!);
    if (port == null || domain === undefined) return undefined;
    const filtered = view.get('interface', interface_id)?.enable_filtering ?? false;
    return { port, mac, domain, filtered, isHere: !isAcrossWire(view, domain, interface_id) };
  },
  flows: ({ port, mac, domain, filtered, isHere }): Flow[] => [
    {
      table: 'admit',
      priority: admitted,
      match: { in_port: port, eth_src: mac },
      actions: [load('domain', domain), ...(filtered ? [load('filtered', 1)] : [])],
      next: 'identity',
    },
    ...(isHere ? [macOfAnother(domain, mac)] : []),
  ],
});
