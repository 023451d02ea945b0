/**
 * Numbers of broadcast domains, as the register `domain` holds them: that of the network, or, for a segment, its number with
 * the highest bit set. Each kind has half of the numbers.
 */
const segmentBit = 0x80_0000;

/** How many networks, and how many segments, can have a number. */
export const mostOfAKind = segmentBit - 1;

/** The domain of a segment; undefined if its id is too large to have one. */
export function segmentDomain(segmentId: number): number | undefined {
  return segmentId > mostOfAKind ? undefined : segmentBit + segmentId;
}

/** The domain of a network without a segment, likewise. */
export function networkDomain(networkId: number): number | undefined {
  return networkId > mostOfAKind ? undefined : networkId;
}

/** What a broadcast domain is. */
export function objectOfDomain(domain: number): { readonly kind: 'network' | 'segment'; readonly id: number } {
  return domain < segmentBit ? { kind: 'network', id: domain } : { kind: 'segment', id: domain - segmentBit };
}
