/** Bits of a port's number that say which meter it has. */
export const meterBits = 8;

/** As many as most hosts have ports; where there are more, some ports share one. They are numbered from 1. */
export const meters = 2 ** meterBits;

/** The meter of a port. */
export function meterOf(port: number): number {
  return 1 + (port % meters);
}
