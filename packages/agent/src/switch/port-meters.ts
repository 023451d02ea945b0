import { meters } from '@openvnet/compiler';
import { meterFlags, type SwitchConnection } from '@openvnet/openflow';

/** Packets a second that the ports of one meter may hand over, and as many at once. */
const rate = 300;

/**
 * Puts in the meters that are missing; says whether the switch takes any. A flow finds its meter when it is put in, so they come first; where the datapath
 * has none, what flows hand over falls under the switch's meter for all.
 */
export async function addPortMeters(connection: SwitchConnection): Promise<boolean> {
  const known = new Set(await connection.meters());
  const bands = [{ type: 'drop', rate, burst_size: rate }] as const;
  const flags = meterFlags.pktps | meterFlags.burst;
  const missing = Array.from({ length: meters }, (_, i) => i + 1).filter((meter) => !known.has(meter));
  for (const [i, meter] of missing.entries()) {
    connection.send({ type: 'meter_mod', command: 'add', flags, meter, bands });
    // One that takes none refuses each by itself; asking once is enough.
    if (i === 0 && !(await connection.meters()).includes(meter)) return false;
  }
  return true;
}
