/**
 * Numbers of broadcast domains, as the register `network` holds them: that of the network, or, for a segment, its number
 * with the highest bit set.
 */
const segmentBit = 0x80_0000;

export function segmentDomain(segmentId: number): number {
  return segmentBit + segmentId;
}

/** What a broadcast domain is. */
export function objectOfDomain(domain: number): { readonly kind: 'network' | 'segment'; readonly id: number } {
  return domain < segmentBit ? { kind: 'network', id: domain } : { kind: 'segment', id: domain - segmentBit };
}
