/**
 * What OVN 23.03.1, as Debian 12 packages it, needs for the same topology (networks of 50 ports, a router for each ten
 * of them, port security), by its number of ports. Measured on the same kind of machine: a virtual machine with 2
 * processors (Xeon, 2.5 GHz), Open vSwitch 3.1.0 with simulated ports, medians of several rounds. In another pass, with
 * neighbours at work, one port took 57, 153, 269 and 493 ms: differences below a factor of 1.6 are noise.
 */
export const ovn = {
  /** All networks written until all flows are in the switch. */
  bulkSeconds: { 100: 0.29, 500: 1.37, 1000: 4.61, 2000: 21.9 },
  /** `ovn-nbctl --wait=hv` adds a port, in daemon mode; the interface is plugged already. */
  addOneMs: { 100: 36.2, 500: 112.7, 1000: 269.9, 2000: 559.2 },
  flows: { 100: 3216, 500: 15_736, 1000: 31_461, 2000: 62_911 },
  /** ovn-northd, ovn-controller and the servers of both databases, resident, in MB. */
  memoryMB: { 100: 43, 1000: 148, 2000: 243 },
  /** `ovn-controller` started again until the hypervisor has caught up. */
  restartSeconds: { 100: 0.17, 500: 1.13, 1000: 4.62, 2000: 19.7 },
  /** With packets, on one hypervisor, after both caches and neighbour tables were emptied by a fresh start. */
  firstRoutedPingMs: 1.66,
  firstSwitchedPingMs: 1.17,
  routedRttMs: 0.73,
  switchedRttMs: 0.43,
  routedMbps: 614,
  switchedMbps: 627,
} as const;

/** OVN's figure at so many ports; undefined if none was measured. */
export function ovnAt(figures: Readonly<Record<number, number>>, ports: number): number | undefined {
  return figures[ports];
}
