import { derivation } from '../engine/feature.ts';
import type { View } from '../engine/relations.ts';
import { segmentDomain } from '../pipeline/domains.ts';

/** Networks to their broadcast domains: networks of one segment share its, with all who are in it without an address. */
export const networkDomains = derivation({
  into: 'network_domain',
  doc: 'Networks to their broadcast domains.',
  source: { of: 'network' },
  select: (view, id) => ({ id, domain_id: domainOf(view, id) }),
});

function domainOf(view: View, networkId: number): number {
  const segment = view.get('network', networkId)?.segment_id;
  return segment == null ? networkId : segmentDomain(segment);
}

/** In a segment addresses are free, so that nobody knows them all. */
export const segmentDomains = derivation({
  into: 'open_domain',
  doc: 'Segments.',
  source: { of: 'segment' },
  idOf: segmentDomain,
  select: (_, id) => ({ id: segmentDomain(id) }),
});
