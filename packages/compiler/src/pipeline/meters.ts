/** Bits of a port's number that say which meter of requests it has. */
export const meterBits = 8;

/**
 * What limits how many packets each port may hand to the agent: `requests` that are answered, and `notices` of what its
 * guest did in vain, of which the newest is enough. Rates are packets a second, and as many at once. Ports of one number
 * modulo `each` share a meter: as many as most hosts have ports.
 */
export const meters = {
  requests: { first: 1, each: 2 ** meterBits, rate: 300 },
  notices: { first: 257, each: 256, rate: 2 },
} as const satisfies Record<string, { readonly first: number; readonly each: number; readonly rate: number }>;

/** The meter of a port. */
export function meterOf(port: number, use: keyof typeof meters = 'requests'): number {
  const { first, each } = meters[use];
  return first + (port % each);
}
