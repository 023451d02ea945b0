/** MAC addresses in which a host tells another where in a router a packet is, which the other is to route on. */

const prefix = 0x0656;
const numbers = 2 ** 32;

/** The match of such an address. Locally administered; the low 32 bits are the number of a route link or a gateway. */
export const routedMac = { value: prefix * numbers, mask: 0xffff * numbers } as const;

/** Where a packet is that one host has left to another: its route link is in the destination, its gateway in the source. */
export function placeInRouter({
  src,
  dst,
}: {
  readonly src: number;
  readonly dst: number;
}): { readonly gateway: number; readonly routeLink: number } | undefined {
  if ([src, dst].some((mac) => Math.floor(mac / numbers) !== prefix)) return undefined;
  return { gateway: src % numbers, routeLink: dst % numbers };
}
