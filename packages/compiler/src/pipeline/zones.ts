const zones = 0xffff;

/**
 * The zone of connection tracking of a port. Bridges of a host share its connection tracking, so that it depends on both: no
 * two ports of a bridge have one.
 */
export function zoneOf(datapathId: number, port: number): number {
  return ((datapathId * 4099 + port) % zones) + 1;
}
