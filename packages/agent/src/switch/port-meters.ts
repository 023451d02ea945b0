import { meters } from '@openvnet/compiler';
import { meterFlags, type SwitchConnection } from '@openvnet/openflow';

/**
 * Puts in the meters that are missing; says whether the switch takes any. A flow finds its meter when it is put in, so they come first; where the datapath
 * has none, what flows hand over falls under the switch's meter for all.
 */
export async function addPortMeters(connection: SwitchConnection): Promise<boolean> {
  const known = new Set(await connection.meters());
  const flags = meterFlags.pktps | meterFlags.burst;
  const missing = Object.values(meters).flatMap(({ first, each, rate }) =>
    Array.from({ length: each }, (_, i) => ({ meter: first + i, rate })).filter(({ meter }) => !known.has(meter)),
  );
  for (const [i, { meter, rate }] of missing.entries()) {
    const bands = [{ type: 'drop', rate, burst_size: rate }] as const;
    connection.send({ type: 'meter_mod', command: 'add', flags, meter, bands });
    // One that takes none refuses each by itself; asking once is enough.
    if (i === 0 && !(await connection.meters()).includes(meter)) return false;
  }
  return true;
}
