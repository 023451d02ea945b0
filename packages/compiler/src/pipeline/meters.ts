/** Bits of a port's number that say which meter of requests it has. */
export const meterBits = 8;

/**
 * What limits how many packets of each port leave the datapath: `requests` that the agent answers, `notices` of what its
 * guest did in vain, of which the newest is enough, and `replies` that the switch makes itself, which takes the switch
 * daemon for each packet where the datapath is the kernel's. Rates are packets a second, and as many at once. Ports of one
 * number modulo `each` share a meter: as many as most hosts have ports.
 */
export const meters = {
  requests: { first: 1, each: 2 ** meterBits, rate: 300 },
  notices: { first: 257, each: 256, rate: 2 },
  replies: { first: 513, each: 2 ** meterBits, rate: 300 },
} as const satisfies Record<string, { readonly first: number; readonly each: number; readonly rate: number }>;

/** The meter of a port. */
export function meterOf(port: number, use: keyof typeof meters = 'requests'): number {
  const { first, each } = meters[use];
  return first + (port % each);
}
