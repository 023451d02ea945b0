/** As many as most hosts have ports; where there are more, some ports share one. */
export const meters = 256;

/** The meter of a port. */
export function meterOf(port: number): number {
  return 1 + (port % meters);
}
