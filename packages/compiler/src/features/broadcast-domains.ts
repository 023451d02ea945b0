import { derivation, type Wait, waiting } from '../engine/feature.ts';
import type { Rows, View } from '../engine/relations.ts';
import { mostOfAKind, networkDomain, objectOfDomain, segmentDomain } from '../pipeline/domain-numbers.ts';

/** Networks to their broadcast domains: networks of one segment share its, with all who are in it without an address. */
export const networkDomains = derivation({
  into: 'network_domain',
  doc: 'Broadcast domains of networks.',
  source: { of: 'network' },
  select: (view, id) => {
    const segment = view.get('network', id)?.segment_id;
    const domain_id = segment == null ? networkDomain(id) : segmentDomain(segment);
    return domain_id === undefined ? withoutNumber('network', id) : { id, domain_id };
  },
});

/** In a segment addresses are free, so that nobody knows them all. */
export const segmentDomains = derivation({
  into: 'open_domain',
  doc: 'Broadcast domains of segments.',
  source: { of: 'segment' },
  idOf: (id) => segmentDomain(id) ?? -id,
  select: (_, id) => {
    const domain = segmentDomain(id);
    return domain === undefined ? withoutNumber('segment', id) : { id: domain };
  },
});

/** The networks that share a broadcast domain. */
export function networksIn(view: Pick<View, 'get' | 'where'>, domain: number): readonly Rows['network'][] {
  const { kind, id } = objectOfDomain(domain);
  if (kind === 'segment') return view.where('network', 'segment_id', id);
  const own = view.get('network', id);
  return own ? [own] : [];
}

function withoutNumber(kind: 'network' | 'segment', id: number): Wait {
  return waiting(kind, id, `a broadcast domain: its id ${id} is above ${mostOfAKind}`);
}
