import { meterFlags, type SwitchConnection } from '@openvnet/openflow';

/** The meter that Open vSwitch applies to all that goes to its controllers (OFPM_CONTROLLER). */
const controllerMeter = 0xffff_fffe;
/** Packets a second that a switch may hand over, and as many at once: a guest that sends more costs the agent nothing. */
const rate = 1000;
const meter = { type: 'meter_mod', flags: meterFlags.pktps | meterFlags.burst, meter: controllerMeter } as const;

/**
 * Limits what the switch hands over, in the switch itself. A datapath without meters refuses, which the connection reports
 * as an error; the agent's own limit for each port holds all the same.
 */
export function limitPacketIns(connection: SwitchConnection): void {
  // Deleting a meter that is not there is no error; an addition of one that is there would be.
  unlimitPacketIns(connection);
  connection.send({ ...meter, command: 'add', bands: [{ type: 'drop', rate, burst_size: rate }] });
}

/** Takes the limit away again. */
export function unlimitPacketIns(connection: SwitchConnection): void {
  connection.send({ ...meter, command: 'delete' });
}
