import { meters } from '@openvnet/compiler';
import { type MeterConfig, meterFlags, type SwitchConnection } from '@openvnet/openflow';

/** The meter that Open vSwitch applies to all that goes to its controllers (OFPM_CONTROLLER). */
const controllerMeter = 0xffff_fffe;
/** Packets a second that a switch may hand over, and as many at once: a guest that sends more costs the agent nothing. */
const controllerRate = 1000;
const flags = meterFlags.pktps | meterFlags.burst;
/** What the flags say of a meter; others say what is counted. */
const telling = flags | meterFlags.kbps;

/** The meters that a served switch should have, with their rates. */
const wanted: ReadonlyMap<number, number> = new Map([
  ...Object.values(meters).flatMap(({ first, each, rate }) =>
    Array.from({ length: each }, (_, i) => [first + i, rate] as const),
  ),
  [controllerMeter, controllerRate],
]);

/** What was done to the meters of a switch: how many were missing or changed; undefined if it has none at all. */
export type MendedMeters = number | undefined;

/**
 * Makes the meters of a switch what they should be. A flow finds its meter when it is put in, so they come before flows.
 * Where the datapath has none, the agent's own limits hold all the same.
 */
export async function mendMeters(connection: SwitchConnection): Promise<MendedMeters> {
  const known = new Map((await connection.meters()).map((each) => [each.meter, each]));
  const wrong = [...wanted].filter(([meter, rate]) => !isAsWanted(known.get(meter), rate));
  for (const [i, [meter, rate]] of wrong.entries()) {
    const command = known.has(meter) ? 'modify' : 'add';
    const bands = [{ type: 'drop', rate, burst_size: rate }] as const;
    connection.send({ type: 'meter_mod', command, flags, meter, bands });
    // One that takes none refuses each by itself; asking once is enough.
    if (i === 0 && command === 'add' && !(await connection.meters()).some((each) => each.meter === meter))
      return undefined;
  }
  return wrong.length;
}

function isAsWanted(meter: MeterConfig | undefined, rate: number): boolean {
  const [band, ...more] = meter?.bands ?? [];
  return (
    meter !== undefined &&
    (meter.flags & telling) === flags &&
    band?.type === 'drop' &&
    band.rate === rate &&
    band.burst_size === rate &&
    more.length === 0
  );
}
