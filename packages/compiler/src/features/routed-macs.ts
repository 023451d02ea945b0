/** MAC addresses in which a host tells another where in a router a packet is, which the other is to route on. */

/** Prefixes of locally administered addresses. They differ in one bit, so that one match covers both. */
const prefixes = { routeLink: 0x0656, gateway: 0x0652 } as const;
const numbers = 2 ** 32;

const either = 0xffff & ~(prefixes.routeLink ^ prefixes.gateway);

/** Matches of such addresses. The low 32 bits are the number of a route link, in the destination, or a gateway, in the source. */
export const routedMacs = {
  routeLink: { value: prefixes.routeLink * numbers, mask: 0xffff * numbers },
  gateway: { value: prefixes.gateway * numbers, mask: 0xffff * numbers },
  /** What Linux sends back about such a packet has its addresses swapped. */
  any: { value: (prefixes.routeLink & either) * numbers, mask: either * numbers },
} as const;

/** Where a packet is that one host has left to another: its route link is in the destination, its gateway in the source. */
export function placeInRouter({
  src,
  dst,
}: {
  readonly src: number;
  readonly dst: number;
}): { readonly gateway: number; readonly routeLink: number } | undefined {
  if (Math.floor(src / numbers) !== prefixes.gateway || Math.floor(dst / numbers) !== prefixes.routeLink)
    return undefined;
  return { gateway: src % numbers, routeLink: dst % numbers };
}
